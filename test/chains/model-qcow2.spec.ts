import { describeModel } from './model-suite.js';

describeModel('qcow2');
