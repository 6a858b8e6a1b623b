using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using SelfAdapt.Autodiff;
using SelfAdapt.Onnx;
using SelfAdapt.Segmentation;

namespace SelfAdapt.Export;

/// <summary>
/// Writes a model anew as a plain ONNX graph: opset 13, IR 7, one output, no size computations, no changes of
/// rank, the style branch on [N,C,1,1] throughout.
/// </summary>
public sealed class VariantWriter
{
    /// <summary>The operator set that variants are written in: old enough for every consumer.</summary>
    public const long Opset = 13;

    /// <summary>Name of the image input.</summary>
    public const string InputName = "image";

    /// <summary>Name of the output of a network with flows: flow y, flow x, cell probability (a logit).</summary>
    public const string FlowOutputName = "flows_cellprob";

    private const long IrVersion = 7;
    private const string ScalesName = "upsample.scales";

    private readonly PlainGraph _graph;
    private readonly ModelVariant _variant;
    private readonly string _origin;
    private readonly OnnxWriter _writer = new("network", Opset, IrVersion);
    private readonly Dictionary<int, string> _names = [];
    private readonly HashSet<int> _wide = [];
    private readonly HashSet<string> _nodeNames = [];
    private readonly HashSet<string> _tensorNames = [];

    private VariantWriter(PlainGraph graph, ModelVariant variant, string origin) =>
        (_graph, _variant, _origin) = (graph, variant, origin);

    /// <summary>Writes a variant.</summary>
    /// <param name="model">The model, with the weights that are wanted.</param>
    /// <param name="network">The same model as imported.</param>
    /// <param name="variant">What to write.</param>
    /// <param name="metadata">Free key-value pairs to store in the file.</param>
    /// <returns>
    /// The file: input "image" [N, channels, H, W], one output [N, outputs, H, W], both float32; the output is called
    /// "flows_cellprob" for a network with flows, else as in the model.
    /// </returns>
    /// <exception cref="SelfAdaptException">
    /// Usage: the size is none that the network can take. ModelUnsupported: a weight exceeds 16-bit floats.
    /// </exception>
    public static byte[] Write(
        OnnxModel model, Network network, ModelVariant variant, IReadOnlyDictionary<string, string> metadata)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(variant);
        ArgumentNullException.ThrowIfNull(metadata);
        int multiple = network.SizeMultiple;
        if (variant is { Height: int h, Width: int w }
            && (h < multiple || w < multiple || h % multiple != 0 || w % multiple != 0))
        {
            throw new SelfAdaptException(
                ExitCode.Usage,
                $"{model.Origin}: the size {h}x{w} does not fit this network: height and width must be multiples of {multiple}.");
        }

        VariantWriter writer = new(PlainGraphReader.Read(model, network), variant, model.Origin);
        string output = network.Outputs.HasFlow ? FlowOutputName : network.OutputName;
        return writer.Run(output, metadata);
    }

    private byte[] Run(string output, IReadOnlyDictionary<string, string> metadata)
    {
        _writer.AddInput(Picture(InputName, _graph.InputChannels));
        _writer.AddOutput(Picture(output, _graph.OutputChannels));
        _names[0] = InputName;
        _tensorNames.UnionWith([InputName, output, ScalesName]);
        _wide.Add(0);
        if (_graph.Nodes.Any(n => n is PlainStep { Kind: PlainKind.UpsampleLinear or PlainKind.UpsampleNearest }))
        {
            _writer.AddInitializer(OnnxTensor.FromFloats(ScalesName, [4], [1, 1, 2, 2]));
        }

        // The last value gets its name by position: with 16-bit maps a cast makes it, else its own node.
        if (!_variant.Half)
        {
            _names[_graph.Output] = output;
        }

        foreach (PlainNode node in _graph.Nodes)
        {
            Write(node);
        }

        if (_variant.Half)
        {
            Cast(_names[_graph.Output], output, OnnxDataType.Float);
        }

        foreach ((string key, string value) in metadata.OrderBy(m => m.Key, StringComparer.Ordinal))
        {
            _writer.AddMetadata(key, value);
        }

        return _writer.ToArray();
    }

    private OnnxValueInfo Picture(string name, long channels)
    {
        OnnxDimension batch = _variant.IsStatic ? new(1, null) : new(null, "N");
        return new OnnxValueInfo(
            name, OnnxDataType.Float,
            [
                batch, new(channels, null), new(_variant.Height, _variant.IsStatic ? null : "H"),
                new(_variant.Width, _variant.IsStatic ? null : "W"),
            ]);
    }

    private void Write(PlainNode node)
    {
        switch (node)
        {
            case PlainConvolution convolution:
                long kernel = convolution.Kernel;
                string weight = Store(
                    convolution.Weight,
                    [convolution.Weight.Dims[0], convolution.Weight.Dims[1], kernel, kernel]);
                string[] inputs = convolution.Bias is { } bias
                    ? [Narrow(convolution.Input), weight, Store(bias, [bias.Count])]
                    : [Narrow(convolution.Input), weight];
                Emit(
                    "Conv", node, inputs, OnnxAttribute.Ints("kernel_shape", kernel, kernel),
                    OnnxAttribute.Ints("pads", kernel / 2, kernel / 2, kernel / 2, kernel / 2),
                    OnnxAttribute.Ints("strides", 1, 1));
                break;
            case PlainBatchNorm norm:
                WriteBatchNorm(norm);
                break;
            default:
                WriteStep((PlainStep)node);
                break;
        }
    }

    private void WriteBatchNorm(PlainBatchNorm norm)
    {
        (OnnxTensor Tensor, float[] Values)[] parameters =
            [.. new[] { norm.Scale, norm.Bias, norm.Mean, norm.Variance }.Select(t => (t, t.ToFloats()))];
        if (_variant.Half)
        {
            // Small variances have no digits as 16-bit floats: they go into scale and bias beforehand.
            for (int i = 0; i < parameters[0].Values.Length; i++)
            {
                double scale = parameters[0].Values[i] / Math.Sqrt((double)parameters[3].Values[i] + norm.Epsilon);
                parameters[0].Values[i] = (float)scale;
                parameters[1].Values[i] -= (float)(parameters[2].Values[i] * scale);
                (parameters[2].Values[i], parameters[3].Values[i]) = (0, 1);
            }
        }

        string[] names = [.. parameters.Select(p => Store(p.Tensor.Name, p.Values, [p.Values.Length]))];
        Emit(
            "BatchNormalization", norm, [Narrow(norm.Input), .. names],
            OnnxAttribute.Float("epsilon", _variant.Half ? 0 : norm.Epsilon));
    }

    private void WriteStep(PlainStep step)
    {
        string[] inputs = [.. step.Inputs.Select(Narrow)];
        switch (step.Kind)
        {
            case PlainKind.Relu or PlainKind.Add:
                Emit(step.Kind.ToString(), step, inputs);
                break;
            case PlainKind.MaxPool:
                Emit(
                    "MaxPool", step, inputs, OnnxAttribute.Ints("kernel_shape", 2, 2),
                    OnnxAttribute.Ints("strides", 2, 2));
                break;
            case PlainKind.UpsampleNearest:
                Emit(
                    "Resize", step, [inputs[0], "", ScalesName], OnnxAttribute.String("mode", "nearest"),
                    OnnxAttribute.String("coordinate_transformation_mode", "asymmetric"),
                    OnnxAttribute.String("nearest_mode", "floor"));
                break;
            case PlainKind.UpsampleLinear:
                Emit(
                    "Resize", step, [inputs[0], "", ScalesName], OnnxAttribute.String("mode", "linear"),
                    OnnxAttribute.String("coordinate_transformation_mode", "half_pixel"));
                break;
            case PlainKind.Concat:
                Emit("Concat", step, inputs, OnnxAttribute.Int("axis", 1));
                break;
            case PlainKind.GlobalAveragePool:
                // Sums over many pixels, and squares of them, leave the range of 16-bit floats.
                Emit("GlobalAveragePool", step, [Wide(step.Inputs[0])]);
                _wide.Add(step.Output);
                break;
            case PlainKind.L2Normalize:
                WriteNormalization(step);
                break;
        }
    }

    private void WriteNormalization(PlainStep step)
    {
        string x = Wide(step.Inputs[0]);
        string norm = Unique($"{NameOf(step)}.norm", _tensorNames);
        _writer.AddNode(
            "ReduceL2", norm, [x], [norm], OnnxAttribute.Ints("axes", 1), OnnxAttribute.Int("keepdims", 1));
        Emit("Div", step, [x, norm]);
        _wide.Add(step.Output);
    }

    private void Emit(string opType, PlainNode node, string[] inputs, params OnnxAttribute[] attributes)
    {
        string name = Unique(NameOf(node), _nodeNames);
        if (!_names.TryGetValue(node.Output, out string? output))
        {
            output = Unique(name + "_out", _tensorNames);
            _names[node.Output] = output;
        }

        _writer.AddNode(opType, name, inputs, [output], attributes);
    }

    /// <summary>A value as the maps' element type.</summary>
    private string Narrow(int value)
    {
        if (!_variant.Half || !_wide.Remove(value))
        {
            return _names[value];
        }

        return _names[value] = Cast(_names[value], Unique(_names[value] + "_half", _tensorNames), OnnxDataType.Float16);
    }

    /// <summary>A value as 32-bit floats.</summary>
    private string Wide(int value) =>
        !_variant.Half || _wide.Contains(value)
            ? _names[value]
            : Cast(_names[value], Unique(_names[value] + "_wide", _tensorNames), OnnxDataType.Float);

    private string Cast(string from, string to, OnnxDataType type)
    {
        _writer.AddNode("Cast", Unique(to, _nodeNames), [from], [to], OnnxAttribute.Int("to", (long)type));
        return to;
    }

    private string Store(OnnxTensor tensor, long[] dims) => Store(tensor.Name, tensor.ToFloats(), dims);

    private string Store(string name, float[] values, long[] dims)
    {
        string unique = Unique(name.Length > 0 ? name : "constant", _tensorNames);
        OnnxTensor stored = OnnxTensor.FromFloats(unique, dims, values);
        _writer.AddInitializer(_variant.Half ? ToHalf(stored, values) : stored);
        return unique;
    }

    private OnnxTensor ToHalf(OnnxTensor tensor, float[] values)
    {
        byte[] raw = new byte[values.Length * 2];
        for (int i = 0; i < values.Length; i++)
        {
            Half half = (Half)values[i];
            if (!Half.IsFinite(half))
            {
                throw new SelfAdaptException(
                    ExitCode.ModelUnsupported,
                    string.Create(CultureInfo.InvariantCulture, $"{_origin}: the weight '{tensor.Name}' holds {values[i]}, ")
                    + "which a 16-bit float can't hold: write another variant.");
            }

            BitConverter.TryWriteBytes(raw.AsSpan(i * 2), BitConverter.HalfToUInt16Bits(half));
        }

        return OnnxTensor.FromRaw(tensor.Name, OnnxDataType.Float16, [.. tensor.Dims], raw);
    }

    private static string NameOf(PlainNode node) =>
        node.Name.Length > 0 ? node.Name
        : string.Create(CultureInfo.InvariantCulture, $"node_{node.Output}");

    private static string Unique(string name, HashSet<string> taken)
    {
        string unique = name;
        for (int i = 1; !taken.Add(unique); i++)
        {
            unique = string.Create(CultureInfo.InvariantCulture, $"{name}_{i}");
        }

        return unique;
    }
}
