#!/usr/bin/node
// Runs for each order that is put into the bucket's input/: JSON in, JSON out.
const fs = require("fs");
const path = require("path");

const order = JSON.parse(fs.readFileSync(process.env.SCAR_INPUT_FILE, "utf8"));
const lines = order.lines.map((line) => ({ ...line, cents: line.count * line.each_cents }));
const bill = { customer: order.customer, lines, total_cents: lines.reduce((sum, line) => sum + line.cents, 0) };

const name = path.relative(process.env.SCAR_INPUT_DIR, process.env.SCAR_INPUT_FILE);
const result = path.join(process.env.SCAR_OUTPUT_DIR, name);
fs.mkdirSync(path.dirname(result), { recursive: true });
fs.writeFileSync(result, JSON.stringify(bill, null, 2) + "\n");
console.log(`${name}: ${bill.total_cents} cents`);
