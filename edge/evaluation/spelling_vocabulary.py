"""Lists what edge.evaluation.spelling_streams spells; the letter model counted none of it."""

from __future__ import annotations

from typing import Final

_WORDS: Final = """
accountant ago amazing america arrive article attorney auction audience award aware away awful
awkward baby bacon banana bank basketball become behavior behind belief benefit bible biology
birth blanket boots breakdown breakfast brother busy buzzer calculator can caption card carrot
carry cheap chemical chicago city clear clever clown company cost crown curse cute damage defend
degree delicious desk detective diarrhea dice dive dizzy double drizzle drunk dry dull duty earn
earth elementary else england enjoy enormous eternity faculty floor flute fold fork fox front
future fuzzy gather get girlfriend god greece hair hard health hearing heart her host human humble
hurry image improve infection institute israel jacket jazz jesus joy july kill label last lazy
leaf legal library lucky manage mature maximum meat mine monday mustache neighbor newspaper nice
noon now numerous nut obsess only open opposite overcome overwhelm paragraph part pass pause pay
peel penny people permit physician pillow pizza potential pour poverty price project promote prove
puzzle puzzled quarter quiz rain read relax represent resign rock role roof room salary same
sausage scan search sensitive settle shout sign ski smile sneeze spanish spirit sting stitch sun
surgeon sweden sweet television test thankful their them then toilet toothbrush true value vampire
vlog warm welcome wife wizard wood wristwatch your zero
"""
_NAMES: Final = """
aaron alan amy andrei anna anthony barbara beatrice betty bianca brandon carmen chloe danielle
dmitri elijah ernest fatima ida ines jackson jane jesus karl leo leonard levi lewis liam mary
molly nina noah omar paula quentin tina tobias tony virginia xiang zachary zainab zoe
"""

WORDS: Final = tuple(_WORDS.split())
"""Words of which the letter model counted none, with more J and Z than English has."""
NAMES: Final = tuple(_NAMES.split())
"""First names; no table of English words knows the rarer ones."""
