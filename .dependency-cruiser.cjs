/**
 * The house's arrows point down this list, never up (ARCHITECTURE.md). A package may import what stands after it.
 * Packages in one row are neighbours and do not import each other, except where `neighbours` says so.
 */
const LADDER = [
  ["apps/amity"],
  ["apps/console"],
  ["packages/analytics"],
  ["packages/mdm", "packages/headend"],
  ["packages/concentrator"],
  ["packages/network"],
  ["packages/meter"],
  ["packages/interchange", "packages/dsmr"],
  ["packages/dlms", "packages/mbus", "packages/sml", "packages/iec62056-21"],
  ["packages/store"],
  ["packages/api"],
  ["packages/model"],
  ["packages/intervals"],
  ["packages/crypto"],
  ["packages/runtime"],
  ["packages/bytes"],
];

const escaped = (path) => path.replace(/[/-]/g, "\\$&");
const inside = (paths) => `^(${paths.map(escaped).join("|")})/`;

const upward = LADDER.flatMap((row, index) =>
  row.map((from) => {
    const forbidden = [...LADDER.slice(0, index).flat(), ...row.filter((name) => name !== from)];
    return {
      name: `down-only:${from}`,
      severity: "error",
      from: { path: inside([from]) },
      to: { path: inside(forbidden.length > 0 ? forbidden : ["none"]) },
    };
  }),
);

/** Below the edge nobody opens sockets, files or processes: they come through `runtime`. */
const PURE = [
  "bytes",
  "crypto",
  "intervals",
  "model",
  "dlms",
  "mbus",
  "sml",
  "iec62056-21",
  "dsmr",
  "meter",
  "network",
  "concentrator",
  "headend",
  "api",
].map((name) => `packages/${name}`);

module.exports = {
  forbidden: [
    ...upward,
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    {
      name: "only-the-public-face",
      severity: "error",
      from: { path: "^(packages|apps)/([^/]+)/" },
      to: { path: "^packages/([^/]+)/src/(?!index\\.ts$)", pathNot: "^$1/$2/" },
    },
    {
      name: "the-wire-is-the-only-way-to-a-meter",
      comment: "head-end and meter meet on the wire; a test that joins them otherwise proves nothing",
      severity: "error",
      from: { path: "^packages/headend/src" },
      to: { path: "^packages/meter/" },
    },
    {
      name: "sans-io",
      severity: "error",
      from: { path: inside(PURE.filter((name) => name !== "packages/crypto")).replace(/\/$/, "/src/") },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "crypto-over-the-platform",
      severity: "error",
      from: { path: "^packages/(?!crypto/|runtime/)[^/]+/src" },
      to: { path: "^(node:)?crypto$" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)(dist|var)/" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default"],
      extensions: [".ts", ".tsx", ".js"],
    },
  },
};
