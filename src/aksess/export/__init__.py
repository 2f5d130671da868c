"""A plan as files that GitOps or a person applies: edits in place, patches, scripts, templates."""
