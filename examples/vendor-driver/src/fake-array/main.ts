import { FakeArray } from './fake-array.js';

const array = await FakeArray.start({ port: Number(process.argv[2] ?? 8480) });
console.log(`A fake Acme array is at ${array.url}`);
console.log(`user ${array.user}, password ${array.password}, pool ${array.state.pool}`);
