// Prints, for each script named on standard input, the commands that mvdan-sh sees in it:
// {path: [[line, name], …]}, or {path: null} where it does not parse. Only literal names count.
const fs = require("fs");
const syntax = require("mvdan-sh").syntax;

function literal(word) {
  let text = "";
  for (const part of word.Parts) {
    const type = syntax.NodeType(part);
    if (type === "Lit") text += part.Value.replace(/\\\n/g, "").replace(/\\(.)/g, "$1");
    else if (type === "SglQuoted" && !part.Dollar) text += part.Value;
    else return null;
  }
  return text;
}

const found = {};
for (const path of fs.readFileSync(0, "utf8").split("\n").filter(Boolean)) {
  const calls = [];
  try {
    const parser = syntax.NewParser(syntax.Variant(syntax.LangBash));
    const file = parser.Parse(fs.readFileSync(path, "latin1"), path);
    syntax.Walk(file, (node) => {
      if (node && syntax.NodeType(node) === "CallExpr" && node.Args.length > 0) {
        const name = literal(node.Args[0]);
        if (name !== null) calls.push([node.Args[0].Pos().Line(), name]);
      }
      return true;
    });
    found[path] = calls;
  } catch (error) {
    found[path] = null;
  }
}
console.log(JSON.stringify(found));
