"""The limits of what is taken from outside, all in one place; whoever holds to one imports it from here.

They are wide enough for every network there is and narrow enough that nothing takes more than linear time or memory in
its length. Limits of the protocols themselves (a prefix length, a port, an AS number) stand with what they belong to.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "DEEPEST",
    "DEEPEST_EXPRESSION",
    "LARGEST_AUTOMATON",
    "LARGEST_DOCUMENT",
    "LARGEST_PART",
    "LARGEST_SETTINGS",
    "LONGEST_AS_PATH",
    "LONGEST_COMMENT",
    "LONGEST_DNS_NAME",
    "LONGEST_EXPRESSION",
    "LONGEST_LABEL",
    "LONGEST_LINE",
    "LONGEST_NAME",
    "LONGEST_QUOTE",
    "LONGEST_TEXT",
    "MOST_ANSWERS",
    "MOST_AT_A_PREFIX",
    "MOST_COMMUNITIES",
    "MOST_DIGITS",
    "MOST_KEPT_PROBLEMS",
    "MOST_LISTED",
    "MOST_MEMBERS",
    "MOST_PATTERNS",
    "MOST_PLACES",
    "MOST_RANGES",
    "MOST_SHOWN_PROBLEMS",
    "MOST_WAYS",
]

# Texts, in characters

#: An id or a name of an object: Cloudflare takes no longer ones, and a table has a line for each.
LONGEST_TEXT: Final = 255
#: A comment: forty times what the API takes.
LONGEST_COMMENT: Final = 4096
#: A DNS name and a label of it (RFC 1035 section 2.3.4; 255 octets on the wire are 253 characters).
LONGEST_DNS_NAME: Final = 253
LONGEST_LABEL: Final = 63
#: A DNS name as written, before IDNA shortens it: 253 characters of four octets each, and some to spare.
LONGEST_NAME: Final = 1024
#: An address on a line of standard input: eight times what most servers take as a URL.
LONGEST_LINE: Final = 1 << 16
#: An expression of a Gateway policy: a hundred times the longest that people have published.
LONGEST_EXPRESSION: Final = 1 << 18
#: What is shown of a text from outside; the rest is cut.
LONGEST_QUOTE: Final = 200

# Numbers of things

#: Numbers in an AS path, and communities: what a BGP message of 4096 octets (RFC 4271 section 4) has room for.
LONGEST_AS_PATH: Final = 1024
MOST_COMMUNITIES: Final = 1024
#: Regions, or data centres, of one WAN route: three times as many as Cloudflare has.
MOST_PLACES: Final = 1024
#: WAN routes of one prefix, and on-ramps of one ECMP group: compared one by one, there and at each prefix below.
MOST_AT_A_PREFIX: Final = 256
MOST_MEMBERS: Final = 256
#: Hostname routes with a form that Cloudflare refuses, below one name: each is tried for a name that is asked for.
MOST_PATTERNS: Final = 64
#: Reserved ranges that an account configures: each is looked through for routes.
MOST_RANGES: Final = 256
#: Addresses of one name: what a DNS message of 65535 octets has room for.
MOST_ANSWERS: Final = 4096
#: What is listed of names where one is not known, or not the only one, and of the same route said again.
MOST_LISTED: Final = 10
#: Problems of a document that an error's text shows, and that an error keeps; behind the last the reading ends.
MOST_SHOWN_PROBLEMS: Final = 50
MOST_KEPT_PROBLEMS: Final = 10_000

# Files

#: A network document in octets: three million routes.
LARGEST_DOCUMENT: Final = 1 << 30
#: A wrangler file or a hosts file in octets: those that people write have some thousands.
LARGEST_SETTINGS: Final = 1 << 24
#: A part of a stored table's history in octets: 512 operations, or all of Gateway's policies and lists.
LARGEST_PART: Final = 1 << 27
#: Levels of a document, and parts of a dotted key in TOML, where the reader takes more than linear time for them or
#: the recursion limit of Python does not protect it; the shapes of the API have seven.
DEEPEST: Final = 64
#: Digits of a number in a document: Python's own limit, which can be switched off, and reading takes quadratic time.
MOST_DIGITS: Final = 4300
#: Parentheses, negations and quantifiers around each other in an expression: half of what wirefilter reads, so that
#: Python's recursion limit holds for all that is done with the tree.
DEEPEST_EXPRESSION: Final = 64
#: Ways in which a condition of a Gateway policy may hold that are kept apart when rules are compiled; with more of them
#: the condition is asked of every request.
MOST_WAYS: Final = 8
#: Octets of memory for the automaton of all regular expressions of one field; with more of them each is tried alone.
LARGEST_AUTOMATON: Final = 1 << 26
