run test lint bench build docs lock clean: ; @./x $@
.PHONY: run test lint bench build docs lock clean
