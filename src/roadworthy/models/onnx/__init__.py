"""ONNX: the only room that knows its format and its runtime, loaded when such a model is opened."""
