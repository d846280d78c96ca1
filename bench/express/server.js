'use strict';

// The gateway that most teams would write, from the packages that most teams would take: accounts, bearer tokens, a rate limit,
// and a proxy in front of two services. `cargo xtask bench` measures Jetway against it.
//
// Nothing here is made slow. Users and sessions are in memory where a real one asks a database, connections to the services are
// kept open, and nothing is logged.

const http = require('node:http');
const { randomUUID } = require('node:crypto');
const bcrypt = require('bcrypt');
const express = require('express');
const { rateLimit } = require('express-rate-limit');
const { createProxyMiddleware } = require('http-proxy-middleware');
const jwt = require('jsonwebtoken');

const {
  PORT = '3001',
  FLIGHT_SERVICE_URL = 'http://127.0.0.1:3000',
  BOOKING_SERVICE_URL = 'http://127.0.0.1:4000',
  JWT_SECRET,
  ACCESS_TOKEN_TTL = '10m',
  BCRYPT_COST = '10',
  RATE_LIMIT = '300',
} = process.env;

if (!JWT_SECRET) {
  console.error('JWT_SECRET is not set');
  process.exit(1);
}

const CLAIMS = { issuer: 'express', audience: 'express' };
const users = new Map();
// What is compared with where there is no such user, so that the answer takes as long.
const nobody = bcrypt.hashSync(randomUUID(), Number(BCRYPT_COST));

const app = express();
app.disable('x-powered-by');

app.use(
  rateLimit({
    windowMs: 60_000,
    limit: Number(RATE_LIMIT),
    standardHeaders: 'draft-8',
    legacyHeaders: false,
  }),
);

function authenticate(request, response, next) {
  const [scheme, token] = (request.headers.authorization ?? '').split(' ');
  if (scheme.toLowerCase() !== 'bearer' || !token) {
    return response.status(401).json({ error: 'a bearer token is needed' });
  }
  jwt.verify(token, JWT_SECRET, { algorithms: ['HS256'], ...CLAIMS }, (error, claims) => {
    if (error) {
      return response.status(401).json({ error: 'the token is not valid' });
    }
    request.user = claims;
    next();
  });
}

const agent = new http.Agent({ keepAlive: true });

function proxyTo(target, pathFilter) {
  return createProxyMiddleware({
    target,
    pathFilter,
    agent,
    changeOrigin: true,
    xfwd: true,
    on: {
      proxyReq(outbound, request) {
        outbound.removeHeader('x-user-id');
        outbound.removeHeader('x-user-roles');
        if (request.user) {
          outbound.setHeader('x-user-id', request.user.sub);
          outbound.setHeader('x-user-roles', request.user.roles.join(','));
        }
      },
      error(_error, _request, response) {
        response.writeHead?.(502, { 'content-type': 'application/json' });
        response.end('{"error":"the service cannot be reached"}');
      },
    },
  });
}

const flights = proxyTo(FLIGHT_SERVICE_URL, '/api/v1/flights');
const bookings = proxyTo(BOOKING_SERVICE_URL, '/api/v1/bookings');
const safe = (request) => request.method === 'GET' || request.method === 'HEAD';

app.use('/api/v1/flights', (request, response, next) =>
  safe(request) ? next() : authenticate(request, response, next),
);
app.use('/api/v1/bookings', authenticate);
app.use(flights, bookings);

const json = express.json({ limit: '64kb' });

app.post('/api/v1/signup', json, async (request, response) => {
  const { email, password } = request.body;
  if (typeof email !== 'string' || typeof password !== 'string') {
    return response.status(400).json({ error: 'email and password are needed' });
  }
  if (users.has(email)) {
    return response.status(409).json({ error: 'there is such an account' });
  }
  const hash = await bcrypt.hash(password, Number(BCRYPT_COST));
  const user = { id: randomUUID(), email, hash, roles: ['customer'] };
  users.set(email, user);
  response.status(201).json({ id: user.id, email });
});

app.post('/api/v1/signin', json, async (request, response) => {
  const { email, password } = request.body;
  if (typeof email !== 'string' || typeof password !== 'string') {
    return response.status(400).json({ error: 'email and password are needed' });
  }
  const user = users.get(email);
  const matches = await bcrypt.compare(password, user?.hash ?? nobody);
  if (!user || !matches) {
    return response.status(401).json({ error: 'wrong e-mail or password' });
  }
  const claims = { email, roles: user.roles };
  const options = { algorithm: 'HS256', expiresIn: ACCESS_TOKEN_TTL, subject: user.id, ...CLAIMS };
  response.json({ access_token: jwt.sign(claims, JWT_SECRET, options), token_type: 'Bearer' });
});

app.get('/api/v1/auth/check', authenticate, (request, response) => {
  response.set('x-user-id', request.user.sub);
  response.set('x-user-roles', request.user.roles.join(','));
  response.status(204).end();
});

app.listen(Number(PORT), '127.0.0.1', () => console.log(`Serving http://127.0.0.1:${PORT}`));
