import type { CalicoKind } from "../datastore/calico-kinds.ts";
import { newDocument } from "../datastore/files/edit-document.ts";
import { inUsualOrder, metadataOf, type ObjectValue } from "../datastore/object-value.ts";
import type { StoredObject } from "../datastore/resource-store.ts";
import { isMapping } from "../datastore/schema/kind.ts";
import { formatTable, type Paint } from "./terminal.ts";

export type ObjectsShape = {
  readonly output: "table" | "yaml" | "json" | "name";
  /** One object was asked for by its name. */
  readonly isOne: boolean;
  /** They may be of several namespaces. */
  readonly hasNamespaces: boolean;
};

export function formatObjects(
  kind: CalicoKind,
  objects: readonly StoredObject[],
  { output, isOne, hasNamespaces }: ObjectsShape,
  paint: Paint,
): string {
  if (objects.length === 0) return "";
  switch (output) {
    case "name":
      return objects
        .map(({ key }) => `${hasNamespaces && kind.isNamespaced ? `${key.namespace}/` : ""}${key.name}\n`)
        .join("");
    case "yaml":
      return objects.map(formatYaml).join("---\n");
    case "json": {
      const values = objects.flatMap(({ value }) => (value === undefined ? [] : [inUsualOrder(value)]));
      const whole = isOne ? values[0] : { apiVersion: "v1", kind: "List", items: values };
      return whole === undefined ? "" : `${JSON.stringify(whole, undefined, 2)}\n`;
    }
    case "table":
      return formatKind(kind, objects, hasNamespaces && kind.isNamespaced, paint);
  }
}

/** What is wrong with an object stands above it, as a comment. */
function formatYaml({ place, value, issues }: StoredObject): string {
  const errors = issues.filter(({ severity }) => severity === "error");
  const comments = errors.map(({ where, message }) => `# ${oneLine(`${where}: ${message}`)}\n`).join("");
  return (
    comments +
    (value === undefined ? `# ${oneLine(place)}: can't be read\n` : newDocument(inUsualOrder(value)))
  );
}

type Cell = readonly [title: string, (value: ObjectValue) => unknown];

const NAME: Cell = ["NAME", (value) => metadataOf(value)["name"]];
const POLICY: readonly Cell[] = [
  NAME,
  ["TIER", (value) => spec(value)["tier"] ?? "default"],
  ["ORDER", (value) => spec(value)["order"]],
  ["SELECTOR", (value) => spec(value)["selector"]],
];
const STAGED: readonly Cell[] = [...POLICY, ["ACTION", (value) => spec(value)["stagedAction"] ?? "Set"]];
const SET: readonly Cell[] = [NAME, ["NETS", (value) => spec(value)["nets"]]];

const COLUMNS: Readonly<Record<CalicoKind["kind"], readonly Cell[]>> = {
  Tier: [
    NAME,
    ["ORDER", (value) => spec(value)["order"]],
    ["DEFAULT ACTION", (value) => spec(value)["defaultAction"]],
  ],
  NetworkPolicy: POLICY,
  GlobalNetworkPolicy: POLICY,
  StagedNetworkPolicy: STAGED,
  StagedGlobalNetworkPolicy: STAGED,
  StagedKubernetesNetworkPolicy: [
    NAME,
    ["POD SELECTOR", (value) => spec(value)["podSelector"]],
    ["ACTION", (value) => spec(value)["stagedAction"] ?? "Set"],
  ],
  NetworkSet: SET,
  GlobalNetworkSet: SET,
  Profile: [NAME, ["LABELS", (value) => spec(value)["labelsToApply"]]],
  HostEndpoint: [
    NAME,
    ["NODE", (value) => spec(value)["node"]],
    ["INTERFACE", (value) => spec(value)["interfaceName"]],
    ["IPS", (value) => spec(value)["expectedIPs"]],
  ],
  WorkloadEndpoint: [
    NAME,
    ["WORKLOAD", (value) => spec(value)["pod"] ?? spec(value)["workload"]],
    ["NODE", (value) => spec(value)["node"]],
    ["NETWORKS", (value) => spec(value)["ipNetworks"]],
    ["INTERFACE", (value) => spec(value)["interfaceName"]],
  ],
};

function formatKind(
  { kind }: CalicoKind,
  objects: readonly StoredObject[],
  hasNamespaces: boolean,
  paint: Paint,
): string {
  const problems = objects.map(
    ({ issues }) => issues.find(({ severity }) => severity === "error")?.message ?? "",
  );
  const isAnyBroken = problems.some((problem) => problem !== "");
  const rows = objects.map(({ key, value }, index) => [
    ...(hasNamespaces ? [key.namespace] : []),
    key.name,
    // What can't be read as an object still has a name.
    ...COLUMNS[kind].slice(1).map(([, read]) => cell(value === undefined ? undefined : read(value))),
    ...(isAnyBroken ? [cell(problems[index])] : []),
  ]);
  const titles = [
    ...(hasNamespaces ? ["NAMESPACE"] : []),
    ...COLUMNS[kind].map(([title]) => title),
    ...(isAnyBroken ? ["PROBLEM"] : []),
  ];
  const columns = titles.map((title) =>
    title === "PROBLEM" ? { title, style: () => "bad" as const } : { title },
  );
  return formatTable(columns, rows, paint);
}

function spec(value: ObjectValue): ObjectValue {
  return isMapping(value["spec"]) ? value["spec"] : {};
}

/** Longer ones are for `-o yaml`. */
const CELL_MAX_CHARS = 80;

function cell(value: unknown): string {
  const text = cellText(value);
  return text.length > CELL_MAX_CHARS ? `${text.slice(0, CELL_MAX_CHARS - 1)}…` : text;
}

function cellText(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return oneLine(value);
  if (Array.isArray(value)) return oneLine(value.join(","));
  if (isMapping(value) && Object.values(value).every((each) => typeof each === "string")) {
    return oneLine(
      Object.entries(value)
        .map(([key, each]) => `${key}=${String(each)}`)
        .join(","),
    );
  }
  return oneLine(JSON.stringify(value));
}

/** Stored text can't move a terminal's cursor. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, " ");
}
