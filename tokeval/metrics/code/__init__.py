"""Source code: how tokens lie on the leaves of a parse, and on indentation."""
