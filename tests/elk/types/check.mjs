// Usage: npm run check -- <folder of bodies as JSON>
//
// Compiles each body as a literal of the type that Elastic's own client gives the request, for only a
// literal is refused when it holds a property that the type does not know.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const types = {
  'lifecycle.json': "NonNullable<t.IlmPutLifecycleRequest['policy']>",
  'index-template.json': 'Omit<t.IndicesPutIndexTemplateRequest, keyof t.RequestBase | "name">',
  'writer-role.json': 'Omit<t.SecurityPutRoleRequest, keyof t.RequestBase | "name">',
  'monitor-role.json': 'Omit<t.SecurityPutRoleRequest, keyof t.RequestBase | "name">',
  'writer-user.json': 'Omit<t.SecurityPutUserRequest, keyof t.RequestBase | "username">',
  'monitor-user.json': 'Omit<t.SecurityPutUserRequest, keyof t.RequestBase | "username">',
  'password.json': 'Omit<t.SecurityChangePasswordRequest, keyof t.RequestBase | "username">',
};

const here = dirname(fileURLToPath(import.meta.url));
const folder = process.argv[2];
// Beside the types, so that their import is found; one folder for each run, so that runs do not meet.
const generated = join(here, 'generated', String(process.pid));
mkdirSync(generated, { recursive: true });
let code = "import type { estypes as t } from '@elastic/elasticsearch';\n";
for (const [name, type] of Object.entries(types)) {
  let body = JSON.parse(readFileSync(join(folder, name), 'utf8'));
  if (name === 'lifecycle.json') body = body.policy;
  // A secret takes this place when the body is sent.
  if ('password' in body) body.password = 'a password';
  code += `// ${name}\n{ const value: ${type} = ${JSON.stringify(body, null, 1)}; void value; }\n`;
}
const file = join(generated, 'bodies.ts');
writeFileSync(file, code);
const program = ts.createProgram([file], {
  strict: true, noEmit: true, skipLibCheck: true, types: [],
  module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext,
});
const lines = code.split('\n');
const found = ts.getPreEmitDiagnostics(program);
for (const d of found) {
  const at = d.file && d.start !== undefined ? d.file.getLineAndCharacterOfPosition(d.start).line : 0;
  const of = lines.slice(0, at + 1).reverse().find((line) => line.startsWith('// ')) ?? '';
  console.error(`${of.slice(3)}: ${ts.flattenDiagnosticMessageText(d.messageText, '\n')}`);
}
rmSync(generated, { recursive: true, force: true });
if (found.length > 0) process.exit(1);
console.log(`${Object.keys(types).length} bodies fit`);
