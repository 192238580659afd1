def render(results):
    return {}
