using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace SelfAdapt.OnnxRuntime;

/// <summary>A model of one float32 input, loaded into ONNX Runtime.</summary>
internal sealed class OrtSession : IDisposable
{
    private readonly InferenceSession _session;

    /// <summary>Loads a model.</summary>
    /// <param name="model">The ONNX file's content.</param>
    /// <param name="options">Where and how it runs.</param>
    /// <exception cref="SelfAdaptException">
    /// ONNX Runtime refuses the model (ModelUnsupported); it can't be loaded, or the device asked for can't be had
    /// (DeviceMissing).
    /// </exception>
    public OrtSession(byte[] model, OrtOptions options)
    {
        ProviderName = options.ProviderName;
        _session = OrtRuntime.Call(() =>
        {
            using SessionOptions native = new()
            {
                GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
                IntraOpNumThreads = options.Threads,
            };
            if (options.Device == OrtDevice.Cuda)
            {
                OrtRuntime.AppendCuda(native, options.DeviceIndex);
            }

            // Its idle threads would spin into whatever runs next: a student's step beside an ONNX Runtime teacher.
            native.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
            return new InferenceSession(model, native);
        });
    }

    /// <summary>Names of the model's inputs.</summary>
    public IReadOnlyList<string> InputNames => _session.InputNames;

    /// <summary>Names of the model's outputs.</summary>
    public IReadOnlyList<string> OutputNames => _session.OutputNames;

    /// <summary>The provider in use: "CPU" or "CUDA:0".</summary>
    public string ProviderName { get; }

    public void Dispose() => _session.Dispose();

    /// <summary>Runs the model.</summary>
    /// <param name="input">The input's elements, row-major.</param>
    /// <param name="outputs">Names of the outputs wanted.</param>
    /// <returns>The elements of each of them, row-major, in that order.</returns>
    /// <exception cref="SelfAdaptException">
    /// The input does not fit the model, or an output is not float32 (ModelUnsupported); memory ran out.
    /// </exception>
    public unsafe float[][] Run(ReadOnlySpan<float> input, long[] shape, params IReadOnlyList<string> outputs)
    {
        fixed (float* data = input)
        {
            nint start = (nint)data;
            long bytes = input.Length * (long)sizeof(float);
            return OrtRuntime.Call(() =>
            {
                using OrtValue value = OrtValue.CreateTensorValueWithData(
                    OrtMemoryInfo.DefaultInstance, TensorElementType.Float, shape, start, bytes);
                using RunOptions options = new();
                using IDisposableReadOnlyCollection<OrtValue> results =
                    _session.Run(options, [InputNames[0]], [value], [.. outputs]);
                return results.Select((result, i) => Values(result, outputs[i])).ToArray();
            });
        }
    }

    private static float[] Values(OrtValue result, string name) =>
        result.GetTensorTypeAndShape().ElementDataType == TensorElementType.Float
            ? result.GetTensorDataAsSpan<float>().ToArray()
            : throw new SelfAdaptException(
                ErrorKind.ModelUnsupported,
                $"The model's output '{name}' is not float32; export the model with float32.");
}
