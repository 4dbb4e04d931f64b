// Starts a directory (PLC) and a personal data server on free ports of loopback, prints their addresses as one line of
// JSON, and ends with its standard input.
const { TestPlc, TestPds } = require('@atproto/dev-env')

async function main() {
  const plc = await TestPlc.create({})
  const pds = await TestPds.create({ didPlcUrl: plc.url, inviteRequired: false })
  console.log(JSON.stringify({ plc: plc.url, pds: pds.url }))
  process.stdin.resume()
  process.stdin.on('end', () => process.exit(0))
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
