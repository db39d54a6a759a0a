"""Words that an owner has taught."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from edge.commands.output import print_json, print_line
from edge.commands.settings import settings_and_bundle
from edge.config import load as config
from edge.errors import SourceError

if TYPE_CHECKING:
    import argparse


def learn(options: argparse.Namespace) -> int:
    """Teach a word by a few examples; exit code 1 where there were not enough."""
    from edge.commands.lessons import learn_from_files, learn_from_source

    settings, bundle = settings_and_bundle(options, source=options.source)
    if options.files:
        steps = learn_from_files(options.word, options.files, options.examples, settings, bundle)
    else:
        steps = learn_from_source(options.word, options.examples, settings, bundle)
    is_known = False
    for step in steps:
        is_known = step.state == "known"
        if options.json:
            print_json(asdict(step))
        else:
            note = f" ({step.note})" if step.note else ""
            print_line(f"{step.state}: {step.word}, {step.have} of {step.want}{note}")
    return 0 if is_known else 1


def forget(options: argparse.Namespace) -> int:
    """Forget a taught word."""
    from edge.recognition.learning.taught_words import Store, check_word, folder_of

    settings = config.load(options.config, overrides=options.set)
    word, folder = check_word(options.word), folder_of(settings.learning)
    if not Store(folder).remove(word):
        raise SourceError(f"{word!r} is not among the taught words in {folder}")
    print_line(f"forgotten: {word}")
    return 0


def signs(options: argparse.Namespace) -> int:
    """List every word that is known, shipped and taught."""
    from edge.recognition.learning.taught_words import list_signs

    settings, bundle = settings_and_bundle(options)
    for sign in list_signs(settings.learning, bundle):
        if options.json:
            print_json(asdict(sign))
        else:
            taught = f"  taught by {sign.examples} examples" if sign.examples else ""
            print_line(f"{sign.display}{taught}")
    return 0
