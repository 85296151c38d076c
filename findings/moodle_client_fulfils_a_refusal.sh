#!/bin/sh
# moodle-client 0.5.2 (npm), and a refusal as Moodle's REST protocol sends it: status 200, a JSON exception.
#
# Guessed beforehand: the promise is rejected, and the arguments of the caller stay as they are.
# Seen: the promise is fulfilled with the exception as its value. The caller's arguments have got three members,
# among them the token, so who logs the arguments of a call logs the token.
set -eu
cd "$(mktemp -d)"
npm install --silent --no-audit --no-fund moodle-client@0.5.2 > /dev/null 2>&1
cat > try.js <<'NODE'
const http = require('http');
const client = require('moodle-client');

const refusal = { exception: 'required_capability_exception', errorcode: 'nopermissions', message: 'No' };
const server = http.createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(refusal));
});
server.listen(0, '127.0.0.1', async () => {
    const wwwroot = `http://127.0.0.1:${server.address().port}`;
    const moodle = await client.init({ wwwroot, token: 'example' });
    const args = { courseids: [1] };
    const outcome = await moodle.call({ wsfunction: 'core_course_delete_courses', args }).then(
        (value) => `fulfilled: ${value.errorcode}`,
        (error) => `rejected: ${error}`,
    );
    server.close();
    console.log(outcome, '; arguments:', Object.keys(args).join(' '));
    const right = outcome === 'fulfilled: nopermissions' && args.wstoken === 'example';
    process.exitCode = right ? 0 : 1;
});
NODE
node try.js
