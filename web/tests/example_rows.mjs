// Rows of the example's traffic, production's answers to them, and what a candidate that errs says instead.

const kTools = [
  { label: "get_order", ask: (v) => `Where is my order ${v.id}?`, args: (v) => ({ order_id: v.id }) },
  { label: "track_parcel", ask: (v) => `Track ${v.code} please, carrier is ${v.carrier}`, args: (v) => ({ tracking_code: v.code, carrier: v.carrier }) },
  { label: "refund_order", ask: (v) => `I want my money back for ${v.id}, it ${v.reason}`, args: (v) => ({ order_id: v.id, reason: v.reason, notify: true }) },
  { label: "change_address", ask: (v) => `Send ${v.id} to ${v.street} in ${v.city} instead`, args: (v) => ({ order_id: v.id, address: { street: v.street, city: v.city, lines: [v.street, v.city] } }) },
  { label: "search_catalog", ask: (v) => `Do you have a ${v.thing} below ${v.price} euros?`, args: (v) => ({ query: v.thing, price_max: v.price, in_stock: true, tags: ["sale", "new"] }) },
  { label: "cancel_order", ask: (v) => `Please cancel ${v.id}`, args: (v) => ({ order_id: v.id }), twice: true },
  { label: "no_tool", ask: (v) => `Thanks, that was all about ${v.id}`, text: (v) => `You are welcome. Order ${v.id} is settled; write again if anything is missing.` },
];

const kAnswers = [
  "Our shop ships to all countries of the European Union within three working days. Parcels above 20 kg take two days more.",
  "You can return the item within 30 days. Please keep the receipt and the original packaging, and print the label from your account.",
  "The warranty covers defects of material for two years; wear and damage from falls are excluded.",
];

/** The classes of a run with `classes` of them. */
export function classesOf(o) {
  if (o.generic) return [{ label: "", ask: (v) => `What do you say about my ${v.thing} (${v.id})?`, text: (v) => kAnswers[v.pick % kAnswers.length] }];
  return Array.from({ length: o.classes }, (_, i) => (i < kTools.length ? kTools[i] : { ...kTools[i % 5], label: `${kTools[i % 5].label}_in_region_${i}` }));
}

const pickOf = (list, x) => list[Math.floor(x * list.length)];
const call = (name, args, i = 0) => ({ id: `call_${i}`, type: "function", function: { name, arguments: args } });
const answered = (calls) => ({ role: "assistant", content: "", tool_calls: calls });
const spoken = (content) => ({ role: "assistant", content });

function values(chance) {
  return {
    id: `A-${30000 + Math.floor(chance() * 9999)}`, code: `JJD${Math.floor(chance() * 1e9)}`, carrier: pickOf(["DHL", "UPS", "GLS"], chance()),
    reason: pickOf(["arrived broken", "never came", "is the wrong size"], chance()), street: `Lindenstraße ${1 + Math.floor(chance() * 90)}`,
    city: pickOf(["Köln", "Lyon", "Gdańsk"], chance()), thing: pickOf(["desk lamp", "rain jacket", "tea pot"], chance()), price: 10 * (2 + Math.floor(chance() * 8)), pick: Math.floor(chance() * 9),
  };
}

/** Every kind of mistake as a change of production's answer. */
const kMistakes = {
  "wrong argument": (calls) => edit(calls, (args) => { const key = Object.keys(args).at(-1); args[key] = typeof args[key] === "string" ? `${args[key].slice(0, -1)}7` : typeof args[key] === "object" ? { ...args[key], city: "Berlin" } : 999; }),
  "missing argument": (calls) => edit(calls, (args) => { delete args[Object.keys(args)[0]]; }),
  "extra argument": (calls) => edit(calls, (args) => { args.priority = "high"; }),
  "wrong tool": (calls) => calls.map((c) => call("lookup_customer", c.function.arguments)),
  "missing call": (calls) => calls.slice(1),
  "surplus call": (calls) => [...calls, call("get_order", { order_id: "A-1" }, 9)],
  "answered where production called": () => null,
};

function edit(calls, change) {
  return calls.map((c, i) => {
    if (i > 0) return c;
    const args = structuredClone(c.function.arguments);
    change(args);
    return call(c.function.name, args);
  });
}

function wrongAnswer(reference, chance) {
  if (!reference.tool_calls) {
    if (chance() < 0.5) return { message: answered([call("get_order", { order_id: "A-1" })]), mistakes: ["called where production answered"] };
    return { message: spoken(reference.content.replace("settled", "on its way").replace("welcome", "very welcome")), mistakes: ["different text"] };
  }
  const kinds = Object.keys(kMistakes).filter((k) => k !== "missing call" || reference.tool_calls.length > 1);
  const kind = pickOf(kinds, chance() ** 1.6);
  const calls = kMistakes[kind](reference.tool_calls);
  return { message: calls ? answered(calls) : spoken("Could you tell me more about it, please?"), mistakes: [kind] };
}

function conversation(turn, v, ask, chance) {
  const messages = [{ role: "system", content: "You route the requests of customers to the tools of a shop. Answer in one call where one is enough." }];
  for (let t = 1; t < turn; t++) {
    const id = `A-${20000 + Math.floor(chance() * 9999)}`;
    messages.push({ role: "user", content: `First, what about ${id}?` }, answered([call("get_order", JSON.stringify({ order_id: id }))]),
      { role: "tool", tool_call_id: "call_0", content: JSON.stringify({ order_id: id, state: "shipped", items: 2 }) }, spoken(`Order ${id} was shipped with 2 items.`));
  }
  return [...messages, { role: "user", content: ask(v) }];
}

const failed = (row, failure) => ({ row, agreement: 0, message: null, mistakes: [], failure });

/** One row of the evaluation dataset; `answer(spec, chance)` is what an evaluation makes of it. */
export function playRow(index, chance, o) {
  const classes = classesOf(o);
  const kind = classes[Math.floor(classes.length * chance() ** 1.3)];
  const v = values(chance);
  const turns = chance() < 0.6 ? 1 : 1 + Math.floor(chance() * 6);
  const turn = 1 + Math.floor(chance() * turns);
  const calls = kind.twice && chance() < 0.4 ? [call(kind.label, kind.args(v)), call(kind.label, kind.args(values(chance)), 1)] : kind.args && [call(kind.label, kind.args(v))];
  const reference = calls ? answered(calls) : spoken(kind.text(v));
  const row = {
    record_id: `rec-${String(index).padStart(5, "0")}`, label: kind.label, answer_kind: calls ? "tool_calls" : "text", conversation: `c${Math.floor(index / 2)}`, turn, turns,
    template_in_training: chance() < 0.66, newest: index >= o.rows / 2, messages: conversation(turn, v, kind.ask, chance), reference,
  };
  const hardness = (row.template_in_training ? 0.6 : 1.8) * (kind.label === "change_address" ? 2.5 : 0.8);
  return { answer: (spec, draw) => {
    if (o.generic) return textAnswer(row, spec, draw);
    const wrong = Math.min(0.97, (1 - spec.right) * (spec.right > 0.8 ? hardness : 1));
    if (draw() >= wrong) return { row, agreement: 1, message: reference, mistakes: [], failure: null };
    if (draw() < 0.06) return failed(row, "cut at the token limit");
    return { row, agreement: 0, failure: null, ...wrongAnswer(reference, draw) };
  } };
}

function textAnswer(row, spec, draw) {
  if (draw() < 0.01) return failed(row, "cut at the token limit");
  if (draw() < 0.005) return { row, agreement: null, message: row.reference, mistakes: [], failure: null };
  const agreement = Number(Math.min(1, Math.max(0, spec.right * 0.9 + (draw() - 0.5) * 0.9)).toFixed(2));
  const words = row.reference.content.split(" ");
  const message = spoken(words.map((w, i) => ((i * 7 + row.record_id.length + Math.floor(draw() * 9)) % 9 < 9 * (1 - agreement) ? ["perhaps", "our", "customers", "next week"][i % 4] : w)).join(" "));
  return { row, agreement, message, mistakes: agreement < 0.5 ? ["different text"] : [], failure: null };
}
