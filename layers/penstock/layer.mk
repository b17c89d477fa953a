# `sam build` runs this in a copy of this folder, by the Makefile of the architecture that it builds for. What comes of
# it is for that machine, whichever it is built on: wheels only, as new as the glibc of Amazon Linux 2023 allows (2.34).

contents := $(ARTIFACTS_DIR)/python
glibc := 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34
platforms := manylinux2014_$(machine) $(foreach minor,$(glibc),manylinux_2_$(minor)_$(machine))

build-PenstockLayer:
	python3.13 -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --only-binary :all: \
		--implementation cp --python-version 3.13 $(platforms:%=--platform %) \
		--requirement requirements.txt --target "$(contents)"
	cp -R penstock "$(contents)/"
	find "$(contents)" -name __pycache__ -prune -exec rm -r {} +
	python3.13 lean_botocore.py "$(contents)/botocore/data"
	# What an import compiles cannot be kept in Lambda. Unchecked, as packing changes the sources' times.
	python3.13 -m compileall -q --invalidation-mode unchecked-hash "$(contents)"
