using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using SelfAdapt.Models.Onnx;

namespace SelfAdapt.OnnxRuntime;

/// <summary>A model of one input of numbers, loaded into ONNX Runtime.</summary>
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
                GraphOptimizationLevel = options.Optimize
                    ? GraphOptimizationLevel.ORT_ENABLE_ALL
                    : GraphOptimizationLevel.ORT_DISABLE_ALL,
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
    /// <param name="input">The input's elements, row-major; converted to the type that the model takes.</param>
    /// <param name="outputs">Names of the outputs wanted.</param>
    /// <returns>The elements of each of them, row-major, in that order.</returns>
    /// <exception cref="SelfAdaptException">
    /// The input does not fit the model, or an output is of no floating-point type (ModelUnsupported); the input holds
    /// what the model's type can't (ModelImageMismatch); memory ran out.
    /// </exception>
    public float[][] Run(ReadOnlySpan<float> input, long[] shape, params IReadOnlyList<string> outputs) =>
        Run(input, shape, outputs, Values);

    /// <summary>Runs the model to see the shape of each output; null for one that is not of floats.</summary>
    public long[]?[] RunForShapes(ReadOnlySpan<float> input, long[] shape, params IReadOnlyList<string> outputs) =>
        Run(input, shape, outputs, (result, _) => OnnxDataTypes.IsFloating(TypeOf(result))
            ? result.GetTensorTypeAndShape().Shape
            : null);

    private unsafe T[] Run<T>(
        ReadOnlySpan<float> input, long[] shape, IReadOnlyList<string> outputs, Func<OrtValue, string, T> take)
    {
        TensorElementType type = _session.InputMetadata[InputNames[0]].ElementDataType;
        ReadOnlySpan<byte> bytes = type == TensorElementType.Float
            ? MemoryMarshal.AsBytes(input)
            : Encode(input, (OnnxDataType)(int)type);
        fixed (byte* data = bytes)
        {
            nint start = (nint)data;
            long length = bytes.Length;
            return OrtRuntime.Call(() =>
            {
                using OrtValue value = OrtValue.CreateTensorValueWithData(
                    OrtMemoryInfo.DefaultInstance, type, shape, start, length);
                using RunOptions options = new();
                using IDisposableReadOnlyCollection<OrtValue> results =
                    _session.Run(options, [InputNames[0]], [value], [.. outputs]);
                return results.Select((result, i) => take(result, outputs[i])).ToArray();
            });
        }
    }

    /// <summary>Floats in the type that a model takes; whole numbers are the nearest ones.</summary>
    private static byte[] Encode(ReadOnlySpan<float> values, OnnxDataType type)
    {
        int width = OnnxDataTypes.Size(type);
        (double least, double most) = OnnxDataTypes.Range(type);
        byte[] bytes = new byte[checked(values.Length * width)];
        for (int i = 0; i < values.Length; i++)
        {
            ulong bits;
            if (OnnxDataTypes.IsFloating(type))
            {
                bits = ElementBits.FromFloat(type, values[i]);
            }
            else
            {
                double whole = Math.Round(values[i]);
                bits = whole >= least && whole <= most ? (ulong)(long)whole : throw new SelfAdaptException(
                    ErrorKind.ModelImageMismatch, string.Create(
                        CultureInfo.InvariantCulture,
                        $"the network takes intensities from {least} to {most} ({type}), this image holds {values[i]}. "
                        + $"Convert it as the network's training images were."));
            }

            TensorData.Write(bytes, i * width, width, bits);
        }

        return bytes;
    }

    private static OnnxDataType TypeOf(OrtValue value) =>
        value.IsTensor ? (OnnxDataType)(int)value.GetTensorTypeAndShape().ElementDataType : OnnxDataType.Undefined;

    private static float[] Values(OrtValue result, string name)
    {
        OnnxDataType type = TypeOf(result);
        if (type == OnnxDataType.Float)
        {
            return result.GetTensorDataAsSpan<float>().ToArray();
        }

        if (!OnnxDataTypes.IsFloating(type))
        {
            throw new SelfAdaptException(
                ErrorKind.ModelUnsupported,
                $"The model's output '{name}' is {type}, no floats; export the model without its last step.");
        }

        byte[] bytes = result.GetTensorMutableRawData().ToArray();
        int width = OnnxDataTypes.Size(type);
        float[] values = new float[bytes.Length / width];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = ElementBits.ToFloat(type, TensorData.Read(bytes, i * width, width));
        }

        return values;
    }
}
