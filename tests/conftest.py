"""The order of the tests: the longest files come first."""

# Two processes share the files. One that began a long file at the end would run on alone.
LONGEST = ("test_notebooks.py", "test_strategies.py", "test_resuming.py", "test_text_gan.py", "test_cli.py", "test_image_run.py")


def pytest_collection_modifyitems(items):
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))
