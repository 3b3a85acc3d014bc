"""The shop's systems, made up: the same question has the same answer."""
import hashlib

DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
PEOPLE = ["Mrs Hale", "Mr Okoro", "Tom Price", "Lena Frost", "Sam Patel"]
FEW = [2, 3, 5, 8, 14, 21]


def draw(options, *about):
    digest = hashlib.sha256(repr(about).encode()).digest()
    return options[int.from_bytes(digest[:4], "big") % len(options)]


def get_order(order_id):
    return draw([{"status": "shipped", "arrives": draw(DAYS, order_id, "day")},
                 {"status": "packed", "leaves": draw(DAYS, order_id, "day")},
                 {"status": "delivered", "signed_by": draw(PEOPLE, order_id)},
                 {"status": "delayed", "arrives": draw(DAYS, order_id, "day")}], order_id)


def search_products(query, max_price=None):
    item = 1000 + draw(range(9000), query, "item")
    return draw([{"found": draw(FEW, query), "best_item": item}, {"found": 1, "item": item}, {"found": 0}],
                query, max_price)


def check_stock(item, store):
    return draw([{"in_stock": draw(FEW, item, store)},
                 {"in_stock": 0, "next_delivery": draw(DAYS, item, store)}], item, store)


def return_item(order_id, reason):
    number = f"R-{1000 + draw(range(9000), order_id, 'return')}"
    return draw([{"return_id": number, "label": "emailed"},
                 {"return_id": number, "pickup": draw(DAYS, order_id)}], order_id, reason)


def delivery_note(order_id, note):
    return draw([{"saved": True}, {"saved": False, "why": "already out"}], order_id, note)


def plan_callback(phone, hour):
    return draw([{"planned": True, "agent": draw(PEOPLE, phone)}, {"planned": True}], phone, hour)


TOOLS = {f.__name__: f for f in (get_order, search_products, check_stock, return_item, delivery_note, plan_callback)}
