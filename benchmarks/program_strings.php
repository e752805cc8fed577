<?php
// Prints the string literals of the files named on standard input, with offsets and values, by PHP's own tokenizer.
while (($f = fgets(STDIN)) !== false) {
  $f = trim($f); $text = file_get_contents($f); if ($text === false) continue;
  $tokens = @token_get_all($text); $at = 0; $out = []; $inside = false;
  foreach ($tokens as $t) {
    $s = is_array($t) ? $t[1] : $t;
    if ($s === '"') $inside = !$inside;
    if (!$inside && is_array($t) && $t[0] === T_CONSTANT_ENCAPSED_STRING) $out[] = [$at, $at + strlen($s), eval("return $s;")];
    $at += strlen($s);
  }
  echo json_encode(['f' => $f, 'out' => $out], JSON_INVALID_UTF8_SUBSTITUTE), "\n";
}
