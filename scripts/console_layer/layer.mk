# As the core's layer, which see: layers/penstock/layer.mk. Beside what its lock names it holds the command's operations.

contents := $(ARTIFACTS_DIR)/python
glibc := 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34
platforms := manylinux2014_$(machine) $(foreach minor,$(glibc),manylinux_2_$(minor)_$(machine))

build-ConsoleLayer:
	python3.13 -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --only-binary :all: \
		--implementation cp --python-version 3.13 $(platforms:%=--platform %) \
		--requirement console_layer/requirements.txt --target "$(contents)"
	cp -R penstock_ops penstock_testing "$(contents)/"
	find "$(contents)" -name __pycache__ -prune -exec rm -r {} +
	python3.13 -m compileall -q --invalidation-mode unchecked-hash "$(contents)"
