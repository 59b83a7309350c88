"""Removes from the installed packages what the service never reads. The image's build runs it, before it compiles them.

    python trim.py SITE_PACKAGES

What botocore knows of AWS is read at every start, so it is cut to the services that are spoken to.
"""

import ast
import gzip
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

UNUSED = (
    # For programs in C; the Python module has all of it inside.
    "onnxruntime/capi/libonnxruntime.so*",
    *(f"onnxruntime/{name}" for name in ("backend", "datasets", "quantization", "tools", "transformers")),
    *("numpy/**/tests", "numpy/**/*.pyi", "numpy/f2py", "numpy/random", "numpy/_core/include", "numpy/_core/lib"),
    "numpy/_core/_simd.*",
    "fastapi_offline/static/redoc*",
    "botocore/data/*/*/examples-1.json",
    # The module of pyvips, and what it is for. The library itself is called.
    *("_libvips.abi3.so", "_cffi_backend.*", "cffi", "pycparser"),
)
DOCUMENTED = ("numpy/_core/fromnumeric.py", "numpy/_core/numeric.py")
"""Modules that keep their docstrings. numpy.ma looks for sentences in these, without which numpy.unique fails too."""

SERVICES = ("dynamodb", "s3", "sts", "sso", "sso-oidc")
"""Those of AWS that are spoken to. The last three lend credentials outside Lambda."""

# botocore looks the texts of these up with each request to S3.
_READ_WHOLE = {"clientContextParams"}


def main() -> None:
    site_packages = Path(sys.argv[1])
    remove_unused(site_packages)
    describe_services(site_packages / "botocore/data")
    remove_docstrings(site_packages)


def remove_unused(site_packages: Path) -> None:
    for pattern in UNUSED:
        for path in sorted(site_packages.glob(pattern)):
            _remove(path)


def describe_services(data: Path) -> None:
    """Leaves the descriptions of SERVICES, without what only people read."""
    for service in data.iterdir():
        if service.is_dir() and service.name not in SERVICES:
            _remove(service)
    for packed in data.glob("*/*/service-2.json.gz"):
        described = undocumented_service(json.loads(gzip.decompress(packed.read_bytes())))
        packed.with_suffix("").write_text(json.dumps(described, separators=(",", ":")))
        packed.unlink()
    endpoints = data / "endpoints.json"
    everywhere = json.loads(endpoints.read_text())
    for partition in everywhere["partitions"]:
        known = partition["services"]
        partition["services"] = {name: known[name] for name in SERVICES if name in known}
    _replace(endpoints, json.dumps(everywhere, separators=(",", ":")).encode())


def undocumented_service(described: Any) -> Any:
    """Returns a service's description without texts, except those that botocore fails without."""
    return without_documentation(described) | {name: described[name] for name in _READ_WHOLE & described.keys()}


def without_documentation(part: Any) -> Any:
    """Returns a part of a description without its texts. A member of a shape may have the same name; that one stays."""
    if isinstance(part, list):
        return [without_documentation(each) for each in part]
    if not isinstance(part, dict):
        return part
    return {
        name: without_documentation(value)
        for name, value in part.items()
        if not (name == "documentation" and isinstance(value, str))
    }


def remove_docstrings(site_packages: Path) -> None:
    """Python keeps them in memory, in each process. Its own -OO would remove the assertions of packages as well."""
    kept = {site_packages / name for name in DOCUMENTED}
    for path in {*site_packages.rglob("*.py")} - kept:
        _replace(path, without_docstrings(path.read_bytes()))


def without_docstrings(source: bytes) -> bytes:
    """Returns the source of a module with the same code in the same lines. Only the lines of docstrings are empty."""
    lines = source.splitlines(keepends=True)
    for text in _docstrings(ast.parse(source)):
        first, last = text.lineno - 1, (text.end_lineno or text.lineno) - 1
        before, after = lines[first][: text.col_offset], lines[last][text.end_col_offset :]
        emptied = before + b'"""' + b"\n" * (last - first) + b'"""' + after
        lines[first : last + 1] = emptied.splitlines(keepends=True)
    return b"".join(lines)


def _docstrings(module: ast.Module) -> Iterator[ast.expr]:
    for node in ast.walk(module):
        match node:
            case (
                ast.Module(body=[ast.Expr(value=ast.Constant(value=str()) as text), *_])
                | ast.ClassDef(body=[ast.Expr(value=ast.Constant(value=str()) as text), *_])
                | ast.FunctionDef(body=[ast.Expr(value=ast.Constant(value=str()) as text), *_])
                | ast.AsyncFunctionDef(body=[ast.Expr(value=ast.Constant(value=str()) as text), *_])
            ):
                yield text


def _replace(path: Path, content: bytes) -> None:
    # Installers link files into several environments at once. Written in place, all of theirs would change.
    path.unlink()
    path.write_bytes(content)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
