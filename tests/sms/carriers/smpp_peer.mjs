// An SMPP carrier by npm's `smpp`, told what to do by lines of JSON on standard input.
// What it sees it says by lines of JSON on standard output.
import { createInterface } from "node:readline";
import smpp from "smpp";

const SYSTEM_ID = "outdial";
const PASSWORD = "secret";
let answers = []; // command_status of the next submissions; then all are taken
let ids = []; // of the next submissions; then m1, m2 …
let silent = false;
let delayMs = 0;
let taken = 0;
let waiting = 0;
let mostWaiting = 0;
let quiet = false;
let deaf = false;
const sessions = new Set();

const say = (event, fields = {}) => process.stdout.write(JSON.stringify({ event, ...fields }) + "\n");
const latest = () => [...sessions].at(-1);

function submitted(session, pdu) {
  waiting += 1;
  mostWaiting = Math.max(mostWaiting, waiting);
  const { message, udh } = pdu.short_message;
  if (!quiet)
    say("submitted", {
      text: message,
      header: (udh ?? []).map((element) => element.toString("hex")),
      to: [pdu.dest_addr_ton, pdu.dest_addr_npi, pdu.destination_addr],
      from: [pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr],
      coding: pdu.data_coding,
      validity: pdu.validity_period,
      receipt: pdu.registered_delivery,
    });
  if (silent) return;
  const answer = () => {
    waiting -= 1;
    const command_status = answers.shift() ?? 0;
    if (!command_status) taken += 1;
    const message_id = command_status ? "" : (ids.shift() ?? `m${taken}`);
    session.send(pdu.response({ command_status, message_id }));
  };
  delayMs ? setTimeout(answer, delayMs) : answer();
}

function serve(session) {
  session.on("error", () => session.destroy());
  session.on("close", () => {
    if (sessions.delete(session)) say("lost");
  });
  session.on("bind_transceiver", (pdu) => {
    const welcome = pdu.system_id === SYSTEM_ID && pdu.password === PASSWORD;
    session.send(pdu.response({ command_status: welcome ? 0 : smpp.ESME_RINVPASWD, system_id: "peer" }));
    if (welcome) sessions.add(session);
    say(welcome ? "bound" : "refused", { version: pdu.interface_version, type: pdu.system_type });
  });
  session.on("submit_sm", (pdu) => submitted(session, pdu));
  session.on("enquire_link", (pdu) => {
    if (!deaf) session.send(pdu.response());
    say("enquired");
  });
  session.on("unbind", (pdu) => {
    session.send(pdu.response(), undefined, () => session.close());
    say("unbound");
  });
}

function deliver({ tag, text, header, octets, network_error_code, ...fields }) {
  if (octets !== undefined) fields.short_message = Buffer.from(octets, "hex");
  else if (text !== undefined) {
    const message = text;
    fields.short_message = header ? { udh: Buffer.from(header, "hex"), message } : { message };
  }
  if (network_error_code) fields.network_error_code = Buffer.from(network_error_code, "hex");
  latest().deliver_sm(fields, (answer) => say("acknowledged", { tag, status: answer.command_status }));
}

const orders = {
  answer: (order) => (answers = order.statuses),
  name: (order) => (ids = order.ids),
  slow: (order) => (delayMs = order.ms),
  silent: (order) => (silent = order.on),
  deaf: () => (deaf = true),
  quiet: () => (quiet = true),
  count: () => say("count", { taken, mostWaiting }),
  deliver: (order) => deliver(order.pdu),
  enquire: () => latest().enquire_link({}, (pdu) => say("alive", { status: pdu.command_status })),
  unbind: () => latest().unbind({}, () => say("let go")),
  raw: (order) => latest().socket.write(Buffer.from(order.octets, "hex")),
  cut: () => [...sessions].forEach((session) => session.destroy()),
  close: () => {
    server.close();
    orders.cut();
  },
  listen: () => server.listen(port, "127.0.0.1", () => say("listening", { port })),
};

let port = 0;
const [certificate, key] = process.argv.slice(2);
const server = smpp.createServer(certificate ? { cert: certificate, key } : {}, serve);
server.listen(0, "127.0.0.1", () => {
  port = server.address().port;
  say("listening", { port });
});
createInterface({ input: process.stdin })
  .on("line", (line) => {
    const order = JSON.parse(line);
    orders[order.do](order);
  })
  .on("close", () => process.exit(0));
