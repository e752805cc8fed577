// Prints, for each script named on standard input, one line of JSON: the commands that mvdan-sh sees
// in it, as [line, offset, [word, …]], or null where it does not parse. A word is its text where that
// is literal, else null. Declarations, `let` and `[[` count as commands, their words are not told.
const fs = require("fs");
const syntax = require("mvdan-sh").syntax;

const VARIANTS = [syntax.LangBash, syntax.LangMirBSDKorn, syntax.LangPOSIX];

function unescaped(text, escapable) {
  return text.replace(/\\([^])/g, (whole, char) =>
    char === "\n" ? "" : escapable === null || escapable.includes(char) ? char : whole);
}

function literal(word) {
  let text = "";
  for (const part of word.Parts) {
    const type = syntax.NodeType(part);
    if (type === "Lit") text += unescaped(part.Value, null);
    else if (type === "SglQuoted" && !(part.Dollar && part.Value.includes("\\"))) text += part.Value;
    else if (type === "DblQuoted") {
      for (const inner of part.Parts) {
        if (syntax.NodeType(inner) !== "Lit") return null;
        text += unescaped(inner.Value, '\\"$`');
      }
    } else return null;
  }
  return text;
}

function words(node) {
  switch (syntax.NodeType(node)) {
    case "CallExpr":
      return node.Args.map(literal);
    case "DeclClause":
      return [node.Variant.Value];
    case "LetClause":
      return ["let"];
    case "TestClause":
      return ["[["];
    default:
      return [];
  }
}

function parsed(path) {
  const text = fs.readFileSync(path, "utf8");
  for (const variant of VARIANTS) {
    try {
      return syntax.NewParser(syntax.Variant(variant)).Parse(text, path);
    } catch (error) {
      continue;
    }
  }
  return null;
}

for (const path of fs.readFileSync(0, "utf8").split("\n").filter(Boolean)) {
  const file = parsed(path);
  const calls = file === null ? null : [];
  if (file !== null) {
    syntax.Walk(file, (node) => {
      const said = node ? words(node) : [];
      if (said.length > 0) {
        const first = syntax.NodeType(node) === "CallExpr" ? node.Args[0] : node;
        calls.push([first.Pos().Line(), first.Pos().Offset(), said]);
      }
      return true;
    });
  }
  fs.writeSync(1, JSON.stringify([path, calls]) + "\n");
}
