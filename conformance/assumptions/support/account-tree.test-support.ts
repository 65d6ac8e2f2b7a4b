// Everything that an account of the emulator holds, as text: to see that nothing was touched.

import type { Emulator } from '../../../jotta/emulator/emulator.ts'
import { Session } from '../../../jotta/emulator/testing/with-emulator.ts'

/** An owner who has things lying about: live, in the trash, on another device. */
export async function furnish(emulator: Emulator): Promise<Session> {
  const session = new Session(emulator.url, emulator.username)
  await session.login(emulator.loginToken())
  await session.put('Jotta/Archive/mine/a.txt', 'what the owner has')
  await session.put('Jotta/Archive/trashed.txt', 'what the owner has thrown away')
  await session.post('Jotta/Archive/trashed.txt', '?dl=true')
  await session.post('Laptop', '?type=LAPTOP')
  await session.post('Laptop/Documents')
  await session.put('Laptop/Documents/b.txt', 'what a backup has')
  return session
}

export async function treeOf(session: Session): Promise<string> {
  const root = `/jfs/${session.username}`
  const drive = await session.ask('GET', root)
  const devices = namesIn(drive.text)
  const texts = [drive.text, (await session.get('Jotta/Trash')).text]
  for (const device of devices) {
    const { text } = await session.get(device)
    texts.push(text)
    for (const mountpoint of namesIn(text).slice(1)) {
      texts.push((await session.get(`${device}/${mountpoint}`, '?mode=list')).text)
    }
  }
  return texts.join('\n').replace(/ time="[^"]*"/g, '')
}

function namesIn(xml: string): string[] {
  return [...xml.matchAll(/<name [^>]*>([^<]*)<\/name>/g)].map((match) => match[1] ?? '')
}
