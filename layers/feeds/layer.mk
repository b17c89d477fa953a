# Feeds of one's own, which need no package but the core's: see layers/penstock/layer.mk.

contents := $(ARTIFACTS_DIR)/python

build-FeedsLayer:
	mkdir -p "$(ARTIFACTS_DIR)"
	cp -R python "$(contents)"
	find "$(contents)" -name __pycache__ -prune -exec rm -r {} +
	python3.13 -m compileall -q --invalidation-mode unchecked-hash "$(contents)"
