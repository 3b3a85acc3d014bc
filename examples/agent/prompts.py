"""What the three nodes of the agent are told, and the tools that the router may call."""

ROUTER = ("You serve customers of Fernwood, a home and garden shop. Call a tool when the last message needs one and "
          "gives what it requires. Answer details when something that it requires is missing, talk when no tool is "
          "needed.")
REWRITER = ("Rewrite the customer's last message as one sentence that can be understood without the conversation "
            "before it. Change nothing else.")
WRITER = ("You write for Fernwood, a home and garden shop. Answer the customer's question in one or two short "
          "sentences. Use only what the tool returned.")
TALKER = "You serve customers of Fernwood, a home and garden shop. Answer in one short sentence."


def tool(name, description, required, **properties):
    parameters = {"type": "object", "properties": properties, "required": required}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


TEXT = {"type": "string"}
NUMBER = {"type": "integer"}
TOOLS = [
    tool("get_order", "Status of an order", ["order_id"], order_id=TEXT),
    tool("search_products", "Find products, by the customer's words", ["query"], query=TEXT,
         max_price={"type": "integer", "description": "in pounds"}),
    tool("check_stock", "Is an item in stock", ["item", "store"], item=NUMBER,
         store={"type": "string", "enum": ["Leeds", "York", "Bristol", "Cardiff"]}),
    tool("return_item", "Return an order", ["order_id", "reason"], order_id=TEXT,
         reason={"type": "string", "enum": ["damaged", "faulty", "unwanted", "incomplete"]}),
    tool("delivery_note", "Tell the courier something", ["order_id", "note"], order_id=TEXT, note=TEXT),
    tool("plan_callback", "Have a colleague phone", ["phone", "hour"], phone=TEXT, hour=NUMBER),
]
