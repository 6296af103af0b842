import { Command, CommanderError, InvalidArgumentError } from "commander";
import { EXIT, reportFailure } from "./cli/output.ts";
import { VERSION } from "./version.ts";

/** Runs the `amity` command line. Sets the exit code; resolves when a one-off command is done, or a server has ended. */
export async function main(argv: readonly string[]): Promise<void> {
  // A reader that has seen enough (`| head`) ends the program in silence.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit();
    throw error;
  });
  const program = new Command("amity")
    .description("Open advanced metering infrastructure: meters, networks, head-end, meter data management")
    .version(VERSION)
    .showHelpAfterError("(amity --help lists the commands)")
    .exitOverride();
  addServers(program);
  addTools(program);
  addDevices(program);
  addFirmware(program);
  addCommands(program);
  addGateway(program);
  addExport(program);
  addProofs(program);
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    else reportFailure(error, argv.includes("--json"));
  }
}

function addServers(program: Command): void {
  program
    .command("up")
    .description("start the utility: database, demo fleet, head-end, MDM, API and console")
    .option("--host <address>", "address to serve the console and API on", "127.0.0.1")
    .option("--port <number>", "port to serve on; the next free one if it is taken", port, 8080)
    .option("--database-url <url>", "use this PostgreSQL (15 or later) instead of the embedded one")
    .option("--data <folder>", "where the embedded database and the concentrators keep their data", "var/amity")
    .option("--no-demo", "no simulated utility: your own fleet")
    .option("--meters <number>", "electricity meters of the demo", count, 1000)
    .option("--seed <number>", "seed of the demo", count, 7)
    .option("--speed <factor>", "civil seconds per machine second in the demo", positive, 300)
    .option("--history <days>", "days of history that are back-filled", count, 30)
    .option("--zone <name>", "IANA zone of your own fleet's calendar", "UTC")
    .option("--auth-file <file>", "users and password hashes (JSON), required on any address but loopback")
    .option(
      "--authority <folder>",
      "your own fleet: authority.pem and authority.key.pem of your certification authority; one is made beside the master key where absent",
    )
    .option("--push-port <number>", "your own fleet: port on --host that meters push to, TCP and UDP", port)
    .option("--second-person-kwh <number>", "a decision over more energy waits for a second person (100)", count)
    .option("--second-person-money <number>", "a decision over more money waits for a second person (50)", count)
    .option(
      "--second-person-for <commands>",
      "commands that wait for a second person: disconnect,connect,setClock,limit,tariff,message,changeKeys,renewCertificate,resetDemand,token,updateFirmware,setPushSchedule",
    )
    .option("--json", "machine-readable progress, one JSON object a line")
    .action(async (options) => (await import("./cli/up.ts")).up(options));

  const meter = program.command("meter").description("simulated meters");
  meter
    .command("serve")
    .description("serve simulated meters that any outside client can read")
    .option("--protocol <name>", "dlms, mbus (several on one bus), wmbus, sml, iec62056-21, p1 or han", "dlms")
    .option("--transport <name>", "DLMS: wrapper, udp or hdlc", "wrapper")
    .option("--frames <number>", "HDLC: most frames in a row, for clients that ask for as many (1)", count)
    .option("--frame <octets>", "HDLC: most octets in a frame (128)", count)
    .option("--gateway", "DLMS: one port; the meters are behind a gateway, which takes prefixes with their ids")
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--port <number>", "port of the first meter; others follow", port, 4059)
    .option("--count <number>", "how many meters", count, 1)
    .option("--auth <mechanism>", "none, lls, hls2 to hls7: what the management association (client 1) asks for", "hls5")
    .option("--suite <number>", "DLMS security suite: 0, 1 or 2", count)
    .option("--referencing <kind>", "DLMS: ln, or sn for short names as well")
    .option("--password <text>", "LLS password and HLS secret", "12345678")
    .option("--ek <hex>", "encryption key (GUEK); 16 octets, 32 in suite 2; the default is printed")
    .option("--ak <hex>", "authentication key (GAK)")
    .option("--kek <hex>", "master key (KEK), which wraps others")
    .option("--certificates <folder>", "suites 1 and 2: where certificates and the client's private keys are put", "var/laboratory")
    .option("--profile <file>", "meter profile (JSON): identity, registers, keys")
    .option("--model <name>", "DLMS: standard, or conformance: an object of every interface class")
    .option("--seed <number>", "seed of the household", count, 7)
    .option("--speed <factor>", "civil seconds per machine second", positive, 1)
    .option("--medium <name>", "mbus, wmbus, p1: all, electricity, gas, water or heat", "all")
    .option("--mode <letter>", "iec62056-21: A to E; D pushes, E may go on as DLMS over HDLC", "C")
    .option("--push <ms>", "sml, p1, mode D: how often; sml 0 only answers", count)
    .option("--han-form <name>", "han: aidon, kaifa, kamstrup (Norway), se, se-kamstrup (Denmark, too) or at", "aidon")
    .option("--p1-version <name>", "p1: 5, 4, 3, 2.2, be, lu (always ciphered) or se", "5")
    .option("--ciphered", "p1: ciphered with --ek and --ak (Austria)")
    .option("--interval <seconds>", "wmbus: machine seconds between telegrams of a meter", positive, 10)
    .option("--serial <path>", "mbus, sml, iec62056-21, p1, han: on a serial line of this machine, not TCP")
    .option("--udp <host:port>", "wmbus: send telegrams there as datagrams, too")
    .option("--json", "print what is served as JSON")
    .action(async (options) => (await import("./cli/meter-serve.ts")).meterServe(options));
}

function addTools(program: Command): void {
  program
    .command("hash-password")
    .description("read a password from standard input and print its hash for --auth-file")
    .action(async () => (await import("./cli/hash-password.ts")).printPasswordHash());

  program
    .command("read")
    .description("read a meter once")
    .argument(
      "<url>",
      "e.g. dlms://127.0.0.1:4059?client=1&auth=hls5&ek=HEX&ak=HEX, mbus://host:port?address=5, iec62056-21://host:port?password=P, sml://, p1://, han://, wmbus://host:port?key=HEX",
    )
    .argument("[what...]", "OBIS codes or names (clock, profile, associations); everything identified when absent")
    .option(
      "--companion <id>",
      "companion specification: client, authentication, ciphering, clock and names (idis, dsmr, india-is15959, ...)",
    )
    .option("--role <role>", "the companion's client, e.g. management, public, meter-reading")
    .option("--from <time>", "profiles: first instant (ISO 8601)")
    .option("--to <time>", "profiles: end (ISO 8601)")
    .option("--entries <from-to>", "profiles: rows by number in place of times, 1 is the oldest")
    .option("--timeout <ms>", "for each request", count, 10_000)
    .option("--trace", "print every APDU on stderr")
    .option("--json", "JSON on stdout")
    .action(async (url: string, what: string[], options) => {
      const isLocal = (await import("./cli/local-url.ts")).isLocalUrl(url);
      if (isLocal) await (await import("./cli/read-local.ts")).readLocal(url, what, options);
      else await (await import("./cli/read.ts")).read(url, what, options);
    });

  program
    .command("decode")
    .description("explain a frame of any protocol, field by field")
    .argument("<input...>", "hex, a file, or - for stdin")
    .option("--protocol <name>", "say which instead of guessing: dlms, mbus, wmbus, sml, p1, iec62056-21")
    .option("--key <hex>", "encryption key")
    .option("--auth-key <hex>", "authentication key (DLMS)")
    .option("--system-title <hex>", "system title of the sender (DLMS), where the frame does not carry it")
    .option("--date <day>", "the meter's date when it sent the telegram (M-Bus security mode 3), e.g. 2026-11-21")
    .option("--json", "JSON on stdout")
    .action(async (input, options) => (await import("./cli/decode.ts")).decode(input, options));

  program
    .command("sniff")
    .description("stand between a DLMS client and a meter (TCP) and explain what they say to each other")
    .requiredOption("--to <host:port>", "the meter")
    .option("--listen <port>", "port to listen on; the client connects here instead", port, 4060)
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--transport <name>", "wrapper or hdlc", "wrapper")
    .option("--key <hex>", "encryption key")
    .option("--auth-key <hex>", "authentication key")
    .option("--system-title <hex>", "system title of a side that never says it")
    .option("--full", "every field of every APDU instead of a line each")
    .option("--json", "one JSON object a line")
    .action(async (options) => (await import("./cli/sniff.ts")).sniff(options));

  program
    .command("ingest")
    .description("load readings from files through validation into the ledger, and bill them if asked")
    .argument("<file...>", "CSV and other formats, .gz too")
    .option("--format <name>", "say which instead of guessing")
    .option("--zone <name>", "IANA zone of times without an offset", "UTC")
    .option("--usage-point <id>", "whose readings they are where the file does not say (default: the file's name)")
    .option("--interval <seconds>", "interval length where the file is too short to show it", count)
    .option("--stamp <which>", "whether times are the start or the end of an interval", "start")
    .option("--bill <tariff>", "rate each whole month with this tariff (file or name) and print the bills")
    .option("--database-url <url>", "use this PostgreSQL instead of the embedded one")
    .option("--data <folder>", "where the embedded database keeps its data", "var/amity")
    .option("--json", "JSON on stdout")
    .action(async (files, options) => (await import("./cli/ingest.ts")).ingest(files, options));
}

function addGateway(program: Command): void {
  program
    .command("gateway")
    .description("stand beside a basic meter, listen to its local port and serve it as a ciphered DLMS meter")
    .requiredOption("--meter <host:port>", "its local port: a serial line behind a TCP bridge, or a reading head on the network")
    .requiredOption("--id <meter>", "the meter's number, which the gateway answers to")
    .option("--protocol <name>", "what the meter speaks: sml, p1 or iec62056-21", "sml")
    .option("--listen <port>", "port to serve on", port, 4059)
    .option("--host <address>", "address to serve on", "127.0.0.1")
    .option("--key-file <file>", "keys of the head-end's association (JSON); made at first use in the data folder when absent")
    .option("--data <folder>", "where captured registers and counters are kept", "var/gateway")
    .option("--json", "print what is served as JSON")
    .action(async (options) => (await import("./cli/gateway.ts")).gateway(options));
}

function addDevices(program: Command): void {
  const devices = program.command("devices").description("the head-end's own fleet");
  const withStore = (command: Command): Command =>
    command
      .option("--database-url <url>", "use this PostgreSQL instead of the embedded one")
      .option("--data <folder>", "where the embedded database and the master key are; it may be in use by amity up", "var/amity")
      .option("--json", "JSON on stdout");
  withStore(devices.command("import"))
    .description("register meters and concentrators from a file; what is wrong with one line keeps no other out")
    .argument("<file>", "CSV or JSON")
    .option("--zone <name>", "IANA zone of usage points that name none", "UTC")
    .action(async (file, options) => (await import("./cli/devices.ts")).importDevices(file, options));
  withStore(devices.command("list"))
    .description("what is registered, page by page")
    .option("--limit <number>", "devices of a page", count, 100)
    .option("--after <cursor>", "where the page before ended")
    .action(async (options) => (await import("./cli/devices.ts")).listDevices(options));
}

/** A command that is carried out by a utility that runs in another process. */
function withUtility(command: Command): Command {
  return command
    .option("--url <url>", "the running utility", "http://127.0.0.1:8080")
    .option("--user <name>", "sign in as; with --password-file")
    .option("--password-file <file>", "where the password stands; - is standard input")
    .option("--as <name>", "one of the demo's people: operator, supervisor, analyst")
    .option("--json", "JSON on stdout");
}

/** Firmware images, of which commands bring one to a meter. */
function addFirmware(program: Command): void {
  const firmware = program.command("firmware").description("firmware images for meters, kept by a running utility");
  withUtility(firmware.command("add"))
    .description("upload an image, once")
    .argument("<file>")
    .requiredOption("--identification <text>", "what the meter is told that it is: plain text, or octets as 0x...")
    .option("--firmware <text>", "what the meter calls its firmware once it runs this one; its identification where absent")
    .option("--sha256 <hex>", "what the octets must hash to")
    .option("--signature <hex>", "what the meter must say that the image is signed by")
    .option("--note <text>", "kept with it")
    .action(async (file, options) => (await import("./cli/firmware.ts")).addFirmware(file, options));
  withUtility(firmware.command("list"))
    .description("newest first")
    .action(async (options) => (await import("./cli/firmware.ts")).listFirmware(options));
}

/** Commands to meters. */
function addCommands(program: Command): void {
  withUtility(program.command("command"))
    .description("ask something of a meter and wait for what came of it")
    .argument("<meter>", "meter id")
    .argument(
      "<kind>",
      "ping, read-registers, read-profile, disconnect, connect, set-clock, limit, tariff, message, reset-demand, token, change-keys, renew-certificate, update-firmware, set-push-schedule",
    )
    .option("--watts <number>", "limit: at most this much", count)
    .option("--over-seconds <number>", "limit: how long it may be exceeded (60)", count)
    .option("--lift", "limit: lift it")
    .option("--calendar <file>", "tariff: the calendar (JSON)")
    .option("--image <identification>", "update-firmware: which of the uploaded images")
    .option("--setup <number>", "set-push-schedule: n of the push setup 0-n:25.9.0 (0)", count)
    .option("--register <name...>", "set-push-schedule: what is pushed, e.g. 1-0:1.8.0")
    .option("--destination <address>", "set-push-schedule: host:port")
    .option("--udp", "set-push-schedule: in datagrams instead of a connection")
    .option("--at <time...>", "set-push-schedule: HH:MM each day, *:MM each hour, of the meter's clock; none stops the schedule")
    .option("--window <from-to>", "set-push-schedule: nothing is sent outside of it, e.g. 01:00-05:00")
    .option("--spread-seconds <number>", "set-push-schedule: each push waits a random part of this (0)", count)
    .option("--activate-at <time>", "tariff, update-firmware: in force from then on (ISO 8601); at once where absent")
    .option("--text <text>", "message: what the customer's display shows")
    .option("--token <text>", "token: a prepayment token as it is printed")
    .option("--by <way>", "change-keys: transfer (under the master key) or agreement (suites 1 and 2)")
    .option("--usage <name>", "renew-certificate: digital-signature or key-agreement")
    .option("--from <time>", "read-profile: first instant (ISO 8601)")
    .option("--to <time>", "read-profile: end")
    .option("--reason <text>", "why; kept on record, and shown to a second person")
    .option("--id <id>", "the command's own id: asked again under it, it is the same command")
    .option(
      "--expires <seconds>",
      "civil seconds until it is given up, unsent (900; a day for firmware, and where a second person must approve)",
      count,
    )
    .option("--wait <seconds>", "how long to wait for the outcome; 0 not at all", count, 120)
    .option("--dry-run", "only check what the utility would say")
    .action(async (meter, kind, options) => (await import("./cli/command.ts")).command(meter, kind, options));

  const commands = program.command("commands").description("commands to meters: what was asked, what waits for a second person");
  withUtility(commands.command("list"))
    .description("newest first, page by page")
    .option("--meter <id>", "of one meter")
    .option("--state <name>", "waiting, dispatched, unknown, done, failed, expired or cancelled")
    .option("--kind <name>", "of one kind, as the API names it, e.g. updateFirmware")
    .option("--waiting", "only what waits for a second person")
    .option("--limit <number>", "commands of a page", count, 50)
    .option("--after <cursor>", "where the page before ended")
    .action(async (options) => (await import("./cli/commands.ts")).listCommands(options));
  withUtility(commands.command("show"))
    .description("one command with each step")
    .argument("<id>")
    .action(async (id, options) => (await import("./cli/commands.ts")).showCommand(id, options));
  withUtility(commands.command("approve"))
    .description("a second person's yes: it is sent now")
    .argument("<id>")
    .option("--note <text>", "kept on record")
    .action(async (id, options) => (await import("./cli/commands.ts")).approveCommand(id, options));
  withUtility(commands.command("refuse"))
    .description("a second person's no; or withdraw your own, while it was not sent")
    .argument("<id>")
    .option("--note <text>", "kept on record")
    .action(async (id, options) => (await import("./cli/commands.ts")).refuseCommand(id, options));
}

function addExport(program: Command): void {
  program
    .command("export")
    .description("write what the ledger holds of usage points in a standard format")
    .requiredOption(
      "--format <name>",
      "csv, nem12, nem13, espi (Green Button), cim, mscons, cmep, parquet, multispeak, multispeak-readings",
    )
    .requiredOption("--usage-point <id...>", "usage points, or meters that were never installed at one")
    .requiredOption("--from <time>", "first day, or instant with its offset (ISO 8601)")
    .requiredOption("--to <time>", "end, not included")
    .option("--channel <name...>", "only these channels, e.g. 1-0:1.8.0")
    .option("--as-of <time>", "as it was known then")
    .option("--zone <name>", "IANA zone whose midnights days are", "UTC")
    .option("--sender <id>", "who sends it, in the words of the format")
    .option("--receiver <id>", "who is to receive it")
    .option("--out <file>", "file to write; stdout when absent")
    .option("--database-url <url>", "use this PostgreSQL instead of the embedded one")
    .option("--data <folder>", "where the embedded database keeps its data; it may be in use by amity up", "var/amity")
    .option("--json", "what was exported as JSON on stdout; needs --out")
    .action(async (options) => (await import("./cli/export.ts")).exportReadings(options));
}

function addProofs(program: Command): void {
  program
    .command("simulate")
    .description("run a whole utility in virtual time under injected faults and check its invariants")
    .option("--seed <number>", "seed of the first run", count, 1)
    .option("--runs <number>", "runs, each with the next seed", count, 1)
    .option("--days <number>", "virtual days", count, 2)
    .option("--meters <number>", "meters", count, 12)
    .option("--database-url <url>", "use this PostgreSQL instead of the embedded one")
    .option("--json", "JSON on stdout: eventHash, seeds, checks, failures")
    .action(async (options) => (await import("./cli/simulate.ts")).simulate(options));

  program
    .command("bench")
    .description("run a benchmark")
    .argument("[name]", "which one; --list names them")
    .option("--list", "name the benchmarks")
    .option("--quick", "a small run, to see that it works")
    .option("--json", "JSON on stdout: bench, machine, results")
    .action(async (name, options) => (await import("./cli/bench.ts")).bench(name, options));
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError("expected a whole number from 0 up.");
  return value;
}

function port(text: string): number {
  const value = count(text);
  if (value > 65_535) throw new InvalidArgumentError("expected a port, 0 to 65535.");
  return value;
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0) || value > 100_000) throw new InvalidArgumentError("expected a number above 0, at most 100000.");
  return value;
}
