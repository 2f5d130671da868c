"""Every format of an export: one line each. Nothing else names them."""

from __future__ import annotations

from typing import Final

from aksess.export import az, bicep, helm, kubectl, kustomize, terraform
from aksess.export.interface import Format

__all__ = ["FORMATS"]

FORMATS: Final[dict[str, Format]] = {
    "az": az.files,
    "bicep": bicep.files,
    "helm": helm.files,
    "kubectl": kubectl.files,
    "kustomize": kustomize.files,
    "terraform": terraform.files,
}
