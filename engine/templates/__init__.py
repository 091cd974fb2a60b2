"""Ready projects to start from: small ones with data, and the architectures of the field."""

from engine.errors import LayerloomError
from engine.project import Project
from engine.templates.build import Build, chain
from engine.templates.classic import CLASSICS
from engine.templates.pictures import PICTURES
from engine.templates.sequences import SEQUENCES
from engine.templates.starters import STARTERS
from engine.templates.template import Template

TEMPLATES: dict[str, Template] = {
    template.name: template for template in (*STARTERS, *CLASSICS, *PICTURES, *SEQUENCES)
}
"""Every template by the name that `layerloom new` takes."""


def make(name: str) -> Project:
    """The project of a template; raises `LayerloomError` for a name that there is none of."""
    if name not in TEMPLATES:
        raise LayerloomError(f"There is no template {name!r}; there are {', '.join(TEMPLATES)}.")
    return TEMPLATES[name].make()


__all__ = ["TEMPLATES", "Build", "Template", "chain", "make"]
