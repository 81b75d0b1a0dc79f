"""The one error of the recipe: told to a person in one line."""


class RecipeError(Exception):
    """What was found, what was wanted, and what to do now."""
