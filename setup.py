"""Maps the five rooms of the repository onto the import package; everything else is in pyproject."""

from setuptools import find_packages, setup

ROOMS = {
    "colorzoo": "zoo",
    "colorzoo.core": "core",
    "colorzoo.plugins": "plugins",
    "colorzoo.datasources": "datasources",
}

packages = [
    package
    for name, folder in ROOMS.items()
    for package in [name, *(f"{name}.{sub}" for sub in find_packages(folder))]
]
setup(packages=packages, package_dir=dict(ROOMS))
