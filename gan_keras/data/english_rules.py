"""The rules of the English phrase grammar. Each line has one derivation: a modifier attaches in one place only."""

RULES = {
    "SENTENCE": "6: STATEMENT . | 2: WHEN , STATEMENT . | 1: STATEMENT while CLAUSE . | 1: QUESTION ?",
    "WHEN": "in the morning | at noon | in the evening | at night | on sunday | after lunch | before the party",
    "STATEMENT": "5: ONE_SUBJECT ONE_ACTION | 4: MANY_SUBJECT MANY_ACTION | 1: ONE_SUBJECT will MANY_ACTION",
    "CLAUSE": "ONE ONE_MOVE | MANY MANY_MOVE",
    "QUESTION": """
        2: does ONE MANY_ACTION | 2: do MANY MANY_ACTION | 1: why does ONE MANY_MOVE | 1: where do MANY MANY_MOVE
    """,
    # Who: the verb agrees with the subject over whatever stands between them.
    "ONE_SUBJECT": """
        6: ONE | 2: ONE with DRESS | 1: ONE that ONE_MOVE | 1: ONE that ONE ONE_KNOW | 1: ONE that MANY MANY_KNOW
    """,
    "MANY_SUBJECT": "6: MANY | 2: MANY with DRESS | 1: MANY that MANY_MOVE | 1: MANY that ONE ONE_KNOW",
    "ONE": "5: the PERSON | 3: the ADJECTIVE PERSON | 2: a PLAIN_ADJECTIVE PERSON | 1: an OPEN_ADJECTIVE PERSON",
    "MANY": "4: the PEOPLE | 2: the ADJECTIVE PEOPLE | 2: NUMBER PEOPLE | 1: many ADJECTIVE PEOPLE",
    "ADJECTIVE": "3: PLAIN_ADJECTIVE | 1: OPEN_ADJECTIVE",
    "PLAIN_ADJECTIVE": "3: young | 2: happy | 2: tall | quiet | clever | tired | busy | friendly | hungry | famous",
    "OPEN_ADJECTIVE": "3: old | angry | elegant | honest | unhappy | eager",
    "PERSON": """
        4: girl | 4: boy | 3: woman | 3: man | 2: teacher | 2: doctor | 2: dog | 2: cat | baker | farmer | painter |
        singer | sailor | student | child | gardener | horse | queen | neighbour | writer
    """,
    "PEOPLE": """
        4: girls | 4: boys | 3: women | 3: men | 2: teachers | 2: doctors | 2: dogs | 2: cats | bakers | farmers |
        painters | singers | sailors | students | children | gardeners | horses | queens | neighbours | writers
    """,
    "NUMBER": "4: two | 2: three | four | five | seven | twelve",
    "DRESS": "the COLOUR GARMENT | a COLOUR GARMENT",
    "GARMENT": "2: hat | 2: coat | scarf | collar | ribbon | umbrella",
    # What they do.
    "ONE_ACTION": "4: ONE_DEED | 3: ONE_DEED PLACE | 1: HOW ONE_DEED",
    "MANY_ACTION": "4: MANY_DEED | 3: MANY_DEED PLACE | 1: HOW MANY_DEED",
    "ONE_DEED": "3: ONE_MOVE | 2: ONE_EAT FOOD | 2: ONE_MAKE THING | 2: ONE_KNOW WHOM | 1: ONE_GIVE WHOM a THING_NAME",
    "MANY_DEED": """
        3: MANY_MOVE | 2: MANY_EAT FOOD | 2: MANY_MAKE THING | 2: MANY_KNOW WHOM | 1: MANY_GIVE WHOM a THING_NAME
    """,
    "HOW": "slowly | quietly | happily | often | never | always | suddenly",
    "ONE_MOVE": "3: sleeps | 2: sings | 2: runs | dances | waits | laughs | swims | works | cries | travels",
    "MANY_MOVE": "3: sleep | 2: sing | 2: run | dance | wait | laugh | swim | work | cry | travel",
    "ONE_EAT": "3: eats | 2: buys | cooks | tastes | finds",
    "MANY_EAT": "3: eat | 2: buy | cook | taste | find",
    "ONE_MAKE": "2: makes | 2: carries | paints | repairs | sells | opens | hides",
    "MANY_MAKE": "2: make | 2: carry | paint | repair | sell | open | hide",
    "ONE_KNOW": "3: sees | 2: loves | knows | helps | follows | visits | remembers | forgets",
    "MANY_KNOW": "3: see | 2: love | know | help | follow | visit | remember | forget",
    "ONE_GIVE": "2: gives | shows | sends",
    "MANY_GIVE": "2: give | show | send",
    "WHOM": "3: the PERSON | 2: the PEOPLE | 1: the ADJECTIVE PERSON",
    "FOOD": """
        3: bread | 2: fresh bread | soup | warm soup | an apple | two apples | a cake | some cheese | rice and fish
    """,
    "THING": "3: a THING_NAME | 2: the COLOUR THING_NAME | 1: NUMBER THING_NAMES",
    "THING_NAME": "2: box | 2: picture | chair | letter | lamp | book | boat | basket | kite | clock",
    "THING_NAMES": "2: boxes | 2: pictures | chairs | letters | lamps | books | boats | baskets | kites | clocks",
    "COLOUR": "2: red | 2: blue | green | white | black | yellow",
    "PLACE": """
        3: in the PLACE_NAME | 2: near the PLACE_NAME | 1: behind the PLACE_NAME | 1: in the COLOUR PLACE_NAME |
        2: at home
    """,
    "PLACE_NAME": "3: garden | 3: house | 2: kitchen | 2: park | school | forest | market | library | tower | station",
}
