using System.Text.Json.Nodes;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Benchmarks;

/// <summary>One convolution in our engine, on the inputs that the peer has too.</summary>
internal sealed class ConvolutionCase : IDisposable
{
    public static readonly string[] Passes = ["forward", "backward-data", "backward-weights"];

    private readonly CpuBackend _backend;
    private readonly Convolution _convolution;
    private readonly DeviceVector _weight;
    private readonly DeviceVector _bias;
    private readonly DeviceVector _weightGradient;
    private readonly DeviceVector _biasGradient;
    private readonly DeviceTensor _x;
    private readonly DeviceTensor _y;
    private readonly DeviceTensor _dx;
    private readonly DeviceTensor _dy;

    public ConvolutionCase(CpuBackend backend, ConvolutionShape shape, int batch, int size)
    {
        (int c, int k, int kernel) = (shape.Inputs, shape.Outputs, shape.Kernel);
        int side = size >> shape.Level;
        _backend = backend;
        _convolution = backend.CreateConvolution(c, k, kernel);
        _weight = Vector((long)k * c * kernel * kernel, 2);
        _bias = Vector(k, 3);
        _weightGradient = backend.CreateVector(_weight.Length);
        _biasGradient = backend.CreateVector(_bias.Length);
        TensorShape input = new(batch, c, side, side);
        TensorShape output = new(batch, k, side, side);
        (_x, _dx) = (Tensor(input, 1), backend.CreateTensor(input));
        (_y, _dy) = (backend.CreateTensor(output), Tensor(output, 4));
        Arguments = new JsonObject
        {
            ["batch"] = batch,
            ["inputs"] = c,
            ["outputs"] = k,
            ["kernel"] = kernel,
            ["size"] = side,
        };
        Run(Passes[0]);
    }

    /// <summary>What the peer needs to make the same one.</summary>
    public JsonObject Arguments { get; }

    /// <summary>One call; the forward pass prepares the weights first, as every training step must.</summary>
    public void Run(string pass)
    {
        switch (Array.IndexOf(Passes, pass))
        {
            case 0:
                _convolution.LoadWeights(_weight.Whole, _bias.Whole, true);
                _convolution.Forward(new NormalizedTensor(_x), default, _y);
                break;
            case 1:
                _convolution.BackwardData(_dy, _dx, false);
                break;
            default:
                _convolution.BackwardWeights(
                    new NormalizedTensor(_x), _dy, _weightGradient.Whole, _biasGradient.Whole);
                break;
        }
    }

    /// <summary>What a pass computed last.</summary>
    public float[] Result(string pass) => Array.IndexOf(Passes, pass) switch
    {
        0 => Values(_y),
        1 => Values(_dx),
        _ => Values(_weightGradient),
    };

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (IDisposable held in (IDisposable[])
            [_convolution, _weight, _bias, _weightGradient, _biasGradient, _x, _y, _dx, _dy])
        {
            held.Dispose();
        }
    }

    private DeviceVector Vector(long length, uint seed)
    {
        DeviceVector vector = _backend.CreateVector((int)length);
        vector.Upload(Inputs.Noise(length, seed));
        return vector;
    }

    private DeviceTensor Tensor(TensorShape shape, uint seed)
    {
        DeviceTensor tensor = _backend.CreateTensor(shape);
        using DeviceVector values = Vector(shape.Count, seed);
        _backend.Import(values.Whole, tensor);
        return tensor;
    }

    private float[] Values(DeviceTensor tensor)
    {
        using DeviceVector vector = _backend.CreateVector((int)tensor.Shape.Count);
        _backend.Export(tensor, vector.Whole);
        return Values(vector);
    }

    private static float[] Values(DeviceVector vector)
    {
        float[] values = new float[vector.Length];
        vector.Download(values);
        return values;
    }
}
