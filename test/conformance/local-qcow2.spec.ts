import { describeLocal } from './local-suite.js';

describeLocal('qcow2');
