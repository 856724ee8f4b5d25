// The series that a PromQL expression selects, by Prometheus' own grammar.
import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';

export type Selector = {
  readonly metric: string;
  /** Labels that must exist: those of its matchers, and of the aggregations around it. */
  readonly labels: readonly string[];
  /** Pairs of a label and the text that it is compared with. */
  readonly matchers: readonly (readonly [label: string, value: string])[];
};

export type Expression = {
  readonly selectors: readonly Selector[];
  /** The labels of its result; `labelsOf` returns those of a metric. */
  resultLabels(labelsOf: (metric: string) => readonly string[]): ReadonlySet<string>;
};

/** @throws SyntaxError */
export function readPromql(text: string): Expression {
  const tree = parser.parse(text);
  const read = (node: SyntaxNode) => text.slice(node.from, node.to);
  const selectors: Selector[] = [];
  tree.iterate({
    enter(found) {
      if (found.type.isError) throw new SyntaxError(`not PromQL at character ${found.from}: ${text}`);
      if (found.name === 'VectorSelector') selectors.push(selector(found.node, read));
    },
  });
  return { selectors, resultLabels: (labelsOf) => new Set(resultLabels(tree.topNode, read, labelsOf)) };
}

type Read = (node: SyntaxNode) => string;

function selector(node: SyntaxNode, read: Read): Selector {
  const matchers = (node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? []).map(
    (matcher): [string, string] => [
      textOf(matcher, 'LabelName', read),
      JSON.parse(textOf(matcher, 'StringLiteral', read)),
    ],
  );
  const labels = matchers.map(([label]) => label);
  for (let outer = node.parent; outer !== null; outer = outer.parent) {
    if (outer.name === 'AggregateExpr') labels.push(...(groupedBy(outer, read) ?? []));
  }
  return { metric: textOf(node, 'Identifier', read), labels, matchers };
}

function resultLabels(
  node: SyntaxNode,
  read: Read,
  labelsOf: (metric: string) => readonly string[],
): string[] {
  if (node.name === 'VectorSelector') return [...labelsOf(textOf(node, 'Identifier', read))];
  if (node.name === 'AggregateExpr') {
    const labels = groupedBy(node, read);
    if (labels !== undefined) return labels;
    if (!['topk', 'bottomk'].includes(textOf(node, 'AggregateOp', read))) return [];
  }
  const below = childrenOf(node).flatMap((child) => resultLabels(child, read, labelsOf));
  if (node.name !== 'FunctionCall') return below;
  const name = textOf(node, 'FunctionIdentifier', read);
  if (name === 'absent') return [];
  if (name === 'histogram_quantile') return below.filter((label) => label !== 'le');
  if (name !== 'label_replace') return below;
  const [target] = node.getChild('FunctionCallBody')?.getChildren('StringLiteral') ?? [];
  return target === undefined ? below : [...below, JSON.parse(read(target))];
}

function groupedBy(aggregate: SyntaxNode, read: Read): string[] | undefined {
  const modifier = aggregate.getChild('AggregateModifier');
  if (modifier === null || modifier.getChild('By') === null) return undefined;
  return modifier.getChild('GroupingLabels')?.getChildren('LabelName').map(read) ?? [];
}

function textOf(node: SyntaxNode, child: string, read: Read): string {
  const found = node.getChild(child);
  if (found === null) throw new SyntaxError(`expected ${child} in ${read(node)}`);
  return read(found);
}

function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) children.push(child);
  return children;
}
