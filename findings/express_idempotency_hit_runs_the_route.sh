#!/bin/sh
# express-idempotency 1.0.6 on Express 4.21.2: the same request twice under one Idempotency-Key.
#
# Guessed beforehand: the second request is answered from the store, and the route does not run.
# Seen: it is answered from the store, and the route runs all the same: a route that does not ask isHit() by
# itself does its work twice while the customer's client sees one answer.
set -eu
cd "$(mktemp -d)"
npm install --silent --no-audit --no-fund express-idempotency@1.0.6 express@4.21.2 > /dev/null
cat > try.js <<'NODE'
const express = require('express');
const { idempotency } = require('express-idempotency');

let held = 0;
const site = express();
site.use(idempotency());
site.post('/hold', (request, response) => {
    held += 1;
    if (!response.headersSent) {
        response.json({ held });
    }
});
const server = site.listen(0, '127.0.0.1', async () => {
    const url = `http://127.0.0.1:${server.address().port}/hold`;
    const answers = [];
    for (let number = 0; number < 2; number += 1) {
        const answer = await fetch(url, { method: 'POST', headers: { 'idempotency-key': 'stage-1' } });
        answers.push(await answer.text());
    }
    server.close();
    console.log('answers:', answers.join(' '), '; work done:', held);
    process.exitCode = answers.join(' ') === '{"held":1} {"held":1}' && held === 2 ? 0 : 1;
});
NODE
node try.js
