"""Joins the browser modules of ``js/`` into one script.

A page opened from a disk cannot import modules, and a widget travels as one string; so every
module becomes a scope of its own inside one script, in the order in which they need each other.
The modules keep to two forms: ``import { a, b } from "./x.js";`` and ``export`` before a
declaration.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

from explorables.declaration import Figure, figures

SOURCES = Path(__file__).parent / "js"

_IMPORT = re.compile(r'^import (\{[^}]+\}) from "\./(\w+)\.js";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:const|let|function|class) (\w+))", re.MULTILINE)


def page_script() -> str:
    """Return the script for the built pages: every figure, and what brings them to life."""
    modules = [figure.name for figure in figures()]
    call = f"bringToLife({{ {', '.join(modules)} }}, {_declarations(figures())});"
    return _script({"page": ["bringToLife"], **{name: [name] for name in modules}}, call)


def widget_module(figure: type[Figure]) -> str:
    """Return the one figure as a module for anywidget."""
    call = f"return widget({figure.name}, {_declarations([figure])}.{figure.name});"
    script = _script({"jupyter": ["widget"], figure.name: [figure.name]}, call)
    return f"export default {script}"


def _declarations(wanted: list[type[Figure]]) -> str:
    return json.dumps(
        {
            figure.name: {name: control.declared() for name, control in figure.controls.items()}
            for figure in wanted
        },
        ensure_ascii=False,
    )


def _script(entries: dict[str, list[str]], call: str) -> str:
    """Wrap the modules that `entries` need, and `call` with the names imported from them."""
    order: list[str] = []
    for module in entries:
        _visit(module, order)
    scopes = [_scope(module) for module in order]
    imports = [f"const {{ {', '.join(n)} }} = module_{m};" for m, n in entries.items()]
    body = "\n".join([*scopes, *imports, call])
    return f'(() => {{\n"use strict";\n{body}\n}})();\n'


def _visit(module: str, order: list[str]) -> None:
    for _, needed in _IMPORT.findall(_source(module)):
        if needed not in order:
            _visit(needed, order)
    if module not in order:
        order.append(module)


def _scope(module: str) -> str:
    exported = _EXPORT.findall(_source(module))
    body = _IMPORT.sub(r"const \1 = module_\2;", _EXPORT.sub("", _source(module)))
    return f"const module_{module} = (() => {{\n{body}return {{ {', '.join(exported)} }};\n}})();"


@cache
def _source(module: str) -> str:
    return (SOURCES / f"{module}.js").read_text(encoding="utf-8")
