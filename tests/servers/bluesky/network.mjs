// A private Bluesky network on loopback, in one process: a PLC directory, an AppView with its bsync, and a PDS.
//
// Everything that must outlive a kill is in STATE (the PDS) and in PostgreSQL (directory and AppView): started again with
// the same STATE, database and PDS_PORT, the network has the same people and the same posts. Takes BLUESKY_NODE_ROOT, STATE,
// DB_POSTGRES_URL, REDIS_HOST and the ports PLC_PORT, BSYNC_PORT, APPVIEW_PORT, PDS_PORT from the environment;
// PDS_RATE_LIMITS=1 turns the PDS's own limits on. Prints one line `READY {json}` when it accepts requests.
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const env = process.env
const require = createRequire(path.join(env.BLUESKY_NODE_ROOT, 'x.js')) // the folder that holds node_modules
const load = async (name, from = require) => import(pathToFileURL(from.resolve(name)).href)
const { TestPlc, TestPds, TestBsync, TestBsky, mockNetworkUtilities } = await load('@atproto/dev-env')
const plcServer = await load('@did-plc/server')
const port = (name) => Number(env[name])
const closers = []
const opened = (service) => (closers.unshift(() => service.close()), service)

const folder = (name) => {
  const made = path.join(env.STATE, name)
  mkdirSync(made, { recursive: true })
  return made
}

function rotationKey() {
  const file = path.join(env.STATE, 'plc-rotation-key')
  if (!existsSync(file)) writeFileSync(file, randomBytes(32).toString('hex'), { mode: 0o600 })
  return readFileSync(file, 'utf8')
}

const dbPostgresUrl = env.DB_POSTGRES_URL
const directory = plcServer.Database.postgres({ url: dbPostgresUrl, schema: 'plc' })
await directory.migrateToLatestOrThrow()
const plc = opened(await TestPlc.create({ port: port('PLC_PORT'), db: directory }))

const bsyncApiKey = 'bsync-api-key'
const bsync = opened(
  await TestBsync.create({ port: port('BSYNC_PORT'), apiKeys: [bsyncApiKey], dbUrl: dbPostgresUrl, dbSchema: 'bsync' }),
)
const appview = opened(
  await TestBsky.create({
    port: port('APPVIEW_PORT'),
    pdsPort: port('PDS_PORT'),
    plcUrl: plc.url,
    bsyncApiKey,
    bsyncUrl: bsync.url,
    repoProvider: `ws://localhost:${port('PDS_PORT')}`,
    dbPostgresSchema: 'appview',
    dbPostgresUrl,
    redisHost: env.REDIS_HOST,
    publicUrl: `http://localhost:${port('APPVIEW_PORT')}`,
  }),
)
bsync.ctx.dataplaneClients = [appview.ctx.dataplane]
const pds = opened(
  await TestPds.create({
    port: port('PDS_PORT'),
    hostname: 'localhost',
    didPlcUrl: plc.url,
    enableDidDocWithSession: true,
    dataDirectory: folder('pds'),
    blobstoreDiskLocation: folder('blobs'),
    plcRotationKeyK256PrivateKeyHex: rotationKey(),
    bskyAppViewUrl: appview.url,
    bskyAppViewDid: appview.ctx.cfg.serverDid,
    ...(env.PDS_RATE_LIMITS === '1' ? { rateLimitsEnabled: true } : {}),
  }),
)
mockNetworkUtilities(pds, appview) // handle resolution and service lookups stay on loopback

let closing = false
async function stop() {
  if (closing) return
  closing = true
  setTimeout(() => process.exit(0), 4000).unref()
  for (const close of closers) {
    try {
      await close()
    } catch (error) {
      console.error('close:', error?.message)
    }
  }
  process.exit(0)
}
process.on('SIGTERM', stop)
process.on('SIGINT', stop)
console.log(
  'READY ' +
    JSON.stringify({
      url: pds.url,
      plc: plc.url,
      appview: appview.url,
      admin: pds.adminAuth(),
      server_pid: process.pid,
      handle_domain: '.test',
    }),
)
