"""How many street addresses and disguised e-mail addresses are found, and how many look-alikes with them.

The lists are by the same hand as the patterns: they hold a bound, and estimate nothing of what real texts hold.
"""

import pytest

from pixel_core.corpus.contacts import contact_kinds
from pixel_core.corpus.privacy import Pseudonyms

ADDRESSES = """17 Rosebank Close
12 Elm Way
9 Market Square
42 oak street
3 Kew Gardens
88 Victoria Terrace
5 Lansdown Crescent
1209 Sunset Drive
4 Old Mill Court
61 Beech Grove
7 Primrose Hill
30 Belsize Park
11 Savile Row
23 Cheyne Walk
6 Bathurst Mews
15 Turnham Green
2 Marine Parade
870 Wilshire Boulevard
4400 Pacific Highway
1 Rockefeller Plaza
13 Diagon Alley
221B Baker Street
10 Downing St
1600 Pennsylvania Avenue
350 5th Ave
14 W 23rd Street
12 St. John's Road
19 Isle of Wight Road
8 The Avenue
77 Martin Luther King Blvd
505 Cherry Ln
33 North Bridge Rd
16 Abbey road
5 maple avenue
318 willow creek road
27 orchard lane
9 sycamore drive
64 st john's road
1450 n lincoln ave
102 birch crescent
55 cedar st
12-14 High Street
48a Hawthorn Road
2/7 Wattle Street
66 Portland Place
29 Canary Wharf
140 Oakwood Trail
73 Elmhurst Parkway
18 Sandpiper Circle
91 Saint Mary's Close
36 Coldharbour Lane
250 Queen's Park Road
4 Mount Pleasant
12 Broadway
21 Stonegate Rise
57 Harbour View Drive
8 Lower Church Lane
611 Dr. King Drive
39 East Green
84 Paternoster Sq""".splitlines()
LOOK_ALIKES = """It was a 2 hours drive.
They live 3 blocks down the road.
It is a one way street.
The 24 hour court was open.
We were 5 minutes down the street.
It took a 10 minute drive.
They widened the 4 lane road.
I grew up on a 2 way street.
There were 6 cars in the lane.
After 15 miles of road I wept.
I lost a 64 gb flash drive.
My 1 tb hard drive broke.
I am 34 and still on the street.
At 16 I left and lived on the street.
We had 2 dogs and a park nearby.
I waited 3 weeks for a court date.
I walked 2 miles to the square.
He is 7 houses up the hill.
In 2019 we went our own way.
I take 20 mg and go for a walk.
It was 11 pm in the park.
She gave me 3 reasons, in her way.
There are 12 steps along the way.
I have 2 kids in drive range.
After 9 months we were close.
The 2 of us were close.
He scored 10 in the green.
There were 50 people in the row.
I cried 4 times in a row.
I did it 3 days in a row.
At 21 my drive was gone.
The 90 day road to recovery.
I have 3 main roads to choose from.
Only 1 long road was left.
The 8 lane highway frightens me.
I sat 40 minutes in the drive way.
There are 100 other streets.
We live 2 doors down the avenue.
It is 5 km up the lane.
Take 1 small step along the road.
I saw 2 homeless men on the street.
Some 300 people on my street.
At 45 mph on a country road.
I spent 6 hours in court.
All 3 of the gardens were empty.
It costs 25 dollars to park.
It was 2 in the morning on the boulevard.
I read chapter 4 Long Walk twice.
Season 2 Hill Street was on.
She came 2nd down the alley.
We had 18 good years on the road.
I lost 30 pounds by a walk.
The 7 days drive nearly broke us.
My 2 year drive for perfection.
It is a 1 lane road.
I drove 12 hours down the road.
There are 3 dark alleys on the street.
I was 5 when we hit the road.
Phase 1 of the drive is over.
We made 2 wrong turns on the road.""".splitlines()
DISGUISED = """jane.doe (at) example.org
jane.doe(at)example.com
jane [at] mail.co.uk
jane_doe at example dot org
anna at mail dot com
anna dot lind at mail dot co dot uk
jane.doe at example.org
jane.doe @ example.com
JANE {AT} EXAMPLE {DOT} ORG
j.doe99 (at) mail (dot) de""".splitlines()
NO_MAIL = """Look at the dot com boom.
He pointed at one dot in the picture.
She works at amazon dot com.
I am good at that. Dot com.
Meet me at example.org.
We (at least) tried.
I looked at it dot by dot.
I stayed (at home) and slept.
At home.then at work.""".splitlines()


def test_sixty_planted_addresses_are_found_and_sixty_look_alikes_stay():
    assert len(set(ADDRESSES)) == len(set(LOOK_ALIKES)) == 60
    missed = [
        said for said in ADDRESSES if Pseudonyms().apply(f"We moved to {said}, last May.") != "We moved to 1 Example Street, last May."
    ]
    taken = [said for said in LOOK_ALIKES if Pseudonyms().apply(said) != said]
    assert len(missed) <= 2, missed
    assert not taken


@pytest.mark.parametrize("said", DISGUISED)
def test_an_e_mail_address_written_for_people_is_found(said):
    assert Pseudonyms().apply(f"Write to {said}, please.") == "Write to contact1@example.org, please."
    assert contact_kinds(f"Write to {said}, please.") == {"email": 1}


@pytest.mark.parametrize("said", NO_MAIL)
def test_what_is_no_e_mail_address_stays(said):
    assert Pseudonyms().apply(said) == said


def test_all_spellings_of_an_address_have_one_pseudonym():
    said = "jane.doe@mail.org, Jane.Doe (at) mail.org, jane dot doe at mail dot org; 42 Oak Street, 42 oak street"
    assert Pseudonyms().apply(said) == (
        "contact1@example.org, contact1@example.org, contact1@example.org; 1 Example Street, 1 Example Street"
    )


@pytest.mark.parametrize("said", [*ADDRESSES, *DISGUISED])
def test_what_is_replaced_is_no_longer_found(said):
    assert not contact_kinds(Pseudonyms().apply(f"We moved to {said}, last May."))
