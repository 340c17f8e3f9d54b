"""What is deployed: ``build/<stage>/code.zip``, the one zip of all functions, and ``build/<stage>/template.json``.

    python -m infra.package --stage prod

Chalice draws up the API and the workers; `infra.resources` completes the template. Chalice's own packager is left out:
it ships whole distributions, and botocore's 31 MB of service descriptions alone would make every cold start slower.
The same sources give the same zip.
"""

import argparse
import fnmatch
import hashlib
import importlib.metadata
import os
import py_compile
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chalice.cli.factory import CLIFactory
from chalice.config import Config
from chalice.deploy.appgraph import ApplicationGraphBuilder, DependencyBuilder
from chalice.deploy.deployer import BaseDeployStep, BuildStage, InjectDefaults, SwaggerBuilder
from chalice.deploy.models import DeploymentPackage, Model
from chalice.deploy.swagger import CFNSwaggerGenerator
from chalice.package import PackageOptions, ResourceBuilder, SAMTemplateGenerator
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
BUILD = ROOT / "build"
STAGES = ("local", "dev", "prod")
#: Wheels that run where Lambda's Python 3.11 does: on Amazon Linux 2, which has glibc 2.26.
LAMBDA_PLATFORMS = ("manylinux_2_26_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
ZIP_TIME = (2026, 1, 1, 0, 0, 0)

#: AWS services that the code speaks to: of botocore's descriptions only these are shipped.
SERVICES = ("dynamodb", "kms", "s3", "ses", "sesv2", "sns", "sqs", "ssm", "sts")
#: Distributions that their dependents declare but do not need in Lambda.
UNUSED_DISTRIBUTIONS = {
    "pycparser",  # for compiling C declarations; argon2's are compiled
    *("click", "inquirer", "pip", "pyyaml", "setuptools", "wheel"),  # Chalice's command line
}
#: Files that are not shipped.
UNUSED_FILES = (
    "*.dist-info/*",
    "*.pyc",
    "*.pyi",
    "*/tests/*",
    "bin/*",
    "../*",
    "chalice/[!_a]*",  # all but app.py and __init__.py: the command line
    "chalice/a[!p]*",
    "chalice/api/*",
    "boto3/data/*",  # the resource interface, which we do not use
    "boto3/examples/*",
    "botocore/data/*/examples-1.json",
    "cffi/*",  # only its compiled half runs
    "aws_lambda_powertools/event_handler/*",
    "PIL/_avif*",  # of pictures only JPEG and PNG are taken, and nothing is drawn: the other compiled halves and
    "PIL/_webp*",  # their libraries are two thirds of Pillow
    "PIL/_imagingft*",
    "PIL/_imagingcms*",
    "PIL/_imagingtk*",
    *(
        f"pillow.libs/lib{name}*"
        for name in ("avif", "webp", "sharpyuv", "freetype", "harfbuzz", "png16", "brotli", "lcms2")
    ),
    "embit/util/prebuilt/*darwin*",  # only Lambda's own platform
    "embit/util/prebuilt/*windows*",
    "embit/util/prebuilt/*linux_a*",
)
#: Distributions that come as sources only; they are pure Python, so a wheel made here runs anywhere.
SOURCES_ONLY = {"embit"}


def requirements() -> list[str]:
    """The lines of requirements.txt that name a distribution."""
    lines = (line.partition("#")[0].strip() for line in (ROOT / "requirements.txt").read_text().splitlines())
    return [line for line in lines if line]


def sources() -> Iterator[Path]:
    """The files of ours that the zip carries."""
    yield ROOT / "app.py"
    for path in sorted((ROOT / "chalicelib").rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path


def fingerprint(*extra: str) -> str:
    """A hash over all that decides a deployment: sources, configuration, requirements and `extra`."""
    digest = hashlib.sha256("\0".join(extra).encode())
    infra = sorted((ROOT / "infra").glob("*.py"))
    names = (".chalice/config.json", "infra/stages.toml", "requirements.txt", "requirements-emulator.txt")
    for path in (*sources(), *infra, *(ROOT / name for name in names)):
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def package(stage: str) -> Path:
    """Build zip and template of `stage`; the folder that holds them.

    Sets STAGE and STACK, so it runs in a process of its own: `chalicelib.settings` reads them once.
    """
    os.environ.update(STAGE=stage, STACK=f"exchange-{stage}", ENDPOINT_GROUP="")
    folder = BUILD / stage
    folder.mkdir(parents=True, exist_ok=True)
    write_zip(folder / "code.zip", dependencies(stage))
    # Imported late: names of tables and queues come from the environment just set.
    from infra import resources

    (folder / "template.json").write_text(resources.dumps(template(stage)))
    return folder


def template(stage: str) -> dict[str, Any]:
    """The template, with the zip beside it as its code."""
    from infra import resources

    config = CLIFactory(str(ROOT)).create_config_obj(stage)
    steps = [InjectDefaults(), _OurZip(), SwaggerBuilder(CFNSwaggerGenerator())]
    builder = ResourceBuilder(ApplicationGraphBuilder(), DependencyBuilder(), BuildStage(steps))
    drawn = SAMTemplateGenerator(config, _Principals()).generate(builder.construct_resources(config, stage))
    stages = tomllib.loads((ROOT / "infra/stages.toml").read_text())
    return resources.complete(drawn, stages[stage])


class _OurZip(BaseDeployStep):
    """The step of Chalice's build that would make its zip."""

    def handle(self, config: Config, resource: Model) -> None:  # noqa: ARG002 - Chalice's signature
        """Take ours instead."""
        if isinstance(resource, DeploymentPackage):
            resource.filename = "./code.zip"


class _Principals(PackageOptions):
    """What Chalice asks AWS's client for, which here needs neither region nor credentials."""

    def __init__(self) -> None:
        pass

    def service_principal(self, service: str) -> str:
        """The principal of an AWS service."""
        return f"{service}.amazonaws.com"


def dependencies(stage: str) -> Path:
    """A folder with what requirements.txt asks for, pruned and compiled; made once per content of that file."""
    platform = "here" if stage == "local" else "lambda"
    rules = "\n".join((*requirements(), *SERVICES, *UNUSED_FILES, *sorted(UNUSED_DISTRIBUTIONS), *LAMBDA_PLATFORMS))
    folder = BUILD / "dependencies" / f"{platform}-{hashlib.sha256(rules.encode()).hexdigest()[:12]}"
    if folder.exists():
        return folder
    fresh = folder.with_suffix(".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    if stage == "local":
        _copy_installed(fresh)
    else:
        _install_for_lambda(fresh)
    for source in sorted(fresh.rglob("*.py")):
        _compile(source, str(source.relative_to(fresh)))
    fresh.rename(folder)
    return folder


def _copy_installed(folder: Path) -> None:
    """Copy from this virtual environment, where pip has put exactly these versions: no network, no wait."""
    for name in sorted(_closure()):
        for file in importlib.metadata.files(name) or ():
            if _shipped(str(file)):
                target = folder / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(str(file.locate()), target)


def _closure() -> set[str]:
    """Names of the distributions that requirements.txt asks for, directly or not."""
    names: set[str] = set()
    queue = [Requirement(line) for line in requirements()]
    while queue:
        wanted = queue.pop()
        name = wanted.name.lower().replace("_", "-")
        applies = wanted.marker is None or wanted.marker.evaluate({"extra": ""})
        if applies and name not in names and name not in UNUSED_DISTRIBUTIONS:
            names.add(name)
            queue += [Requirement(line) for line in importlib.metadata.requires(name) or ()]
    return names


def _install_for_lambda(folder: Path) -> None:
    """Fetch wheels for Lambda's platform, of the versions that are installed and tested here."""
    fetched, made = folder / ".fetched", folder / ".made"
    wanted = {name: f"{name}=={importlib.metadata.version(name)}" for name in sorted(_closure())}
    wheel = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(made))
    subprocess.run([*wheel, *(wanted[name] for name in sorted(SOURCES_ONLY))], check=True)
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--target", str(fetched)),
            *(word for platform in LAMBDA_PLATFORMS for word in ("--platform", platform)),
            *("--python-version", "3.11", "--only-binary", ":all:"),
            *("--find-links", str(made), "--no-deps", *wanted.values()),
        ],
        check=True,
    )
    for file in sorted(fetched.rglob("*")):
        relative = file.relative_to(fetched)
        if file.is_file() and _shipped(str(relative)):
            target = folder / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            file.rename(target)
    shutil.rmtree(fetched)
    shutil.rmtree(made)


def _shipped(name: str) -> bool:
    """Whether a file of a distribution goes into the zip."""
    if any(fnmatch.fnmatchcase(name, pattern) for pattern in UNUSED_FILES):
        return False
    data = name.removeprefix("botocore/data/")
    return data == name or "/" not in data or data.partition("/")[0] in SERVICES


def _compile(source: Path, name: str) -> Path:
    """Bytecode beside its source: Lambda cannot keep what it compiles. By hash, not by time, which zip files lose."""
    cached = source.parent / "__pycache__" / f"{source.stem}.cpython-311.pyc"
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(str(source), str(cached), dfile=name, doraise=True, invalidation_mode=mode)
    return cached


def write_zip(path: Path, third_party: Path) -> None:
    """Write the zip: sorted names, fixed times and modes, so that equal sources give equal bytes."""
    files = {str(file.relative_to(third_party)): file for file in third_party.rglob("*") if file.is_file()}
    compiled = path.with_suffix(".compiled")
    shutil.rmtree(compiled, ignore_errors=True)
    for file in sources():
        name = str(file.relative_to(ROOT))
        files[name] = copy = compiled / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
        if file.suffix == ".py":
            bytecode = _compile(copy, name)
            files[str(bytecode.relative_to(compiled))] = bytecode
    fresh = path.with_suffix(".new")
    with zipfile.ZipFile(fresh, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, ZIP_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name].read_bytes())
    fresh.rename(path)
    shutil.rmtree(compiled)


def main() -> None:
    """``python -m infra.package --stage prod``."""
    parser = argparse.ArgumentParser(description="Build zip and template of a stage.")
    parser.add_argument("--stage", choices=STAGES, required=True)
    folder = package(parser.parse_args().stage)
    size = (folder / "code.zip").stat().st_size / 1e6
    print(f"{folder}/template.json and code.zip ({size:.1f} MB)")


if __name__ == "__main__":
    main()
