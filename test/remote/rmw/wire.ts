// Bytes of auditd's protocol, built without the code under test.

export function rmw(type: number, sequence: number, payload: string | Buffer = ''): Buffer {
  const body = typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload
  const view = new DataView(new ArrayBuffer(16))
  view.setUint32(0, 0xff0000fe, true)
  view.setUint32(6, type, true)
  view.setUint16(10, body.length, true)
  view.setUint32(12, sequence, true)
  return Buffer.concat([Buffer.from(view.buffer), body])
}
