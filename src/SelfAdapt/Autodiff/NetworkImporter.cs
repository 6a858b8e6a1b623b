using System;
using System.Collections.Generic;
using System.Linq;
using SelfAdapt.Autodiff.Operations;
using SelfAdapt.Compute;
using SelfAdapt.Onnx;
using SelfAdapt.Segmentation;

namespace SelfAdapt.Autodiff;

/// <summary>
/// Turns an ONNX graph into a <see cref="Network"/>, by structure and never by names: sizes are folded at a probe
/// size, shared initialisers are untied, and what can't be trained is refused by name. Values of 16 bits become 32-bit
/// floats.
/// </summary>
public sealed partial class NetworkImporter
{
    private const string Supported =
        "Conv (1x1 and 3x3, stride 1, size kept), BatchNormalization, Relu, Add, MaxPool 2x2, Resize x2 (nearest or "
        + "linear half_pixel), Concat (channels), GlobalAveragePool/AveragePool/ReduceMean over all pixels, division "
        + "by an L2 norm, Gemm (transB=1), Flatten/Squeeze/Unsqueeze/Reshape of pooled features, Cast between floating-point "
        + "types, and size computations";

    // Size computations come to some hundred numbers; a file that folds into millions is made to fill memory.
    private const long MostConstantValues = 1 << 21;

    private const int LongestSide = 1 << 16;
    private const int MostChannels = 1 << 16;

    private readonly OnnxModel _model;
    private readonly Dictionary<string, Value> _values = [];
    private readonly Dictionary<string, Constant?> _stored = [];
    private readonly Dictionary<string, string> _weightUsers = [];
    private readonly List<NetworkValue> _activations = [];
    private readonly List<Operation> _operations = [];
    private readonly List<NetworkTensor> _parameters = [];
    private readonly List<NetworkTensor> _statistics = [];
    private readonly List<float> _parameterValues = [];
    private readonly List<float> _statisticValues = [];

    private long _constantValues;

    private NetworkImporter(OnnxModel model) => _model = model;

    /// <summary>Imports a model.</summary>
    /// <param name="model">A checked ONNX model.</param>
    /// <param name="outputs">What the output channels mean; null: Cellpose for three, a logit for one.</param>
    /// <exception cref="SelfAdaptException">
    /// <see cref="ExitCode.ModelUnsupported"/>: an operator, or a use of one, that can't be trained, or outputs
    /// whose meaning is not known.
    /// </exception>
    public static Network Import(OnnxModel model, OutputDescription? outputs = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new NetworkImporter(model).Run(outputs);
    }

    private Network Run(OutputDescription? outputs)
    {
        OnnxValueInfo image = ImageInput();
        long[] probe = Probe(image);
        _values[image.Name] = Activate(new NetworkValue((int)probe[1], 0), probe);
        foreach (OnnxNode node in _model.Graph.Nodes)
        {
            Import(node);
        }

        (string outputName, int output) = TrainedOutput();
        string? embeddingName = EmbeddingOutput(outputName);
        int embedding = embeddingName is not null
            ? ((Activation)_values[embeddingName]).Id
            : AddEmbedding();
        int deepest = _activations.Max(v => v.Level);
        OperationFusion.Run(_operations, new HashSet<int> { output, embedding });
        return new Network
        {
            InputChannels = (int)probe[1],
            InputName = image.Name,
            OutputName = outputName,
            EmbeddingName = embeddingName,
            Outputs = Meaning(outputs, _activations[output].Channels),
            EmbeddingLength = _activations[embedding].Channels,
            Parameters = _parameters,
            Statistics = _statistics,
            SizeMultiple = 1 << deepest,
            InitialParameters = [.. _parameterValues],
            InitialStatistics = [.. _statisticValues],
            Operations = _operations,
            Values = _activations,
            OutputValue = output,
            EmbeddingValue = embedding,
        };
    }

    private OnnxValueInfo ImageInput()
    {
        if (_model.Graph.Inputs is not [OnnxValueInfo image] || image.Shape is not { Count: 4 } shape
            || shape[1].Value is not (> 0 and <= 1024))
        {
            throw Refuse("it must have one image input of shape [batch, channels, height, width] with a fixed number "
                + "of channels. A model with its pre- or post-processing inside can't be adapted: export the bare "
                + "network.");
        }

        return shape[2].Value is not (< 1 or > LongestSide) && shape[3].Value is not (< 1 or > LongestSide)
            && shape[0].Value is not (< 1 or > LongestSide)
            ? image
            : throw Refuse($"its input '{image.Name}' has an impossible size.");
    }

    /// <summary>The size at which size computations are folded; scales come out the same at every legal size.</summary>
    private static long[] Probe(OnnxValueInfo image)
    {
        const int AnyHeight = 128;
        const int AnyWidth = 192;
        IReadOnlyList<OnnxDimension> shape = image.Shape!;
        return [shape[0].Value ?? 1, shape[1].Value!.Value, shape[2].Value ?? AnyHeight, shape[3].Value ?? AnyWidth];
    }

    private (string Name, int Value) TrainedOutput()
    {
        foreach (OnnxValueInfo output in _model.Graph.Outputs)
        {
            if (_values.GetValueOrDefault(output.Name) is Activation a && _activations[a.Id].Level == 0)
            {
                return (output.Name, a.Id);
            }
        }

        throw Refuse("none of its outputs is a map of the input's size.");
    }

    private string? EmbeddingOutput(string trained) =>
        _model.Graph.Outputs
            .Where(o => o.Name != trained && _values.GetValueOrDefault(o.Name) is Activation a
                && _activations[a.Id].Level == NetworkValue.Pooled)
            .Select(o => o.Name)
            .FirstOrDefault();

    /// <summary>
    /// Where the graph returns no embedding: the style vector if it computes one, else pooled features of the
    /// bottleneck (the last activation at the lowest resolution) at unit length.
    /// </summary>
    private int AddEmbedding()
    {
        if (_operations.OfType<L2NormalizeOperation>().FirstOrDefault() is { } style)
        {
            return style.Output;
        }

        int deepest = _activations.Max(v => v.Level);
        int bottleneck = _operations.LastOrDefault(o => _activations[o.Output].Level == deepest)?.Output
            ?? throw Refuse("it computes nothing from its input.");
        int pooled = NewActivation(new NetworkValue(_activations[bottleneck].Channels, NetworkValue.Pooled));
        int unit = NewActivation(_activations[pooled]);
        _operations.Add(new GlobalAveragePoolOperation(bottleneck, pooled));
        _operations.Add(new L2NormalizeOperation(pooled, unit));
        return unit;
    }

    private OutputDescription Meaning(OutputDescription? asked, int channels)
    {
        OutputDescription? meaning = asked ?? channels switch
        {
            3 => OutputDescription.Cellpose,
            1 => OutputDescription.Foreground,
            _ => null,
        };
        if (meaning is null)
        {
            throw Refuse($"its output has {channels} channels whose meaning is not known: say it with --outputs, "
                + "for example --outputs flow,logit (two channels dY and dX, then one logit) or logit,scalar.");
        }

        return meaning.Channels == channels
            ? meaning
            : throw Refuse($"its output has {channels} channels, but {meaning.Channels} were described.");
    }

    private int NewActivation(NetworkValue value)
    {
        _activations.Add(value);
        return _activations.Count - 1;
    }

    private Activation Activate(NetworkValue value, long[] dims) => new(NewActivation(value), dims);

    private NetworkTensor AddTensor(OnnxNode node, string name, long[] dims, TensorRole role)
    {
        string word = role.Word();
        OnnxTensor tensor = _model.FindWeight(name)
            ?? throw Refuse($"node {node.Label}: its {word} '{name}' is computed, not stored.");
        if (!tensor.Dims.SequenceEqual(dims) || !OnnxDataTypes.IsFloating(tensor.DataType))
        {
            throw Refuse($"node {node.Label}: its {word} '{name}' is {tensor.DataType} "
                + $"[{string.Join(",", tensor.Dims)}], not [{string.Join(",", dims)}] of a floating-point type.");
        }

        if (!_weightUsers.TryAdd(name, node.Label))
        {
            throw Refuse($"the weight '{name}' is used by {_weightUsers[name]} and by {node.Label}: networks that "
                + "use a weight twice can't be trained here.");
        }

        bool trained = role is not (TensorRole.NormMean or TensorRole.NormVariance);
        List<NetworkTensor> tensors = trained ? _parameters : _statistics;
        List<float> values = trained ? _parameterValues : _statisticValues;
        NetworkTensor added = new(
            name, [.. dims.Select(d => (int)d)], values.Count, (int)tensor.Count, role,
            _activations[Act(node, 0).Id].Level);
        values.AddRange(tensor.ToFloats());
        tensors.Add(added);
        return added;
    }

    private SelfAdaptException Refuse(string why) =>
        new(ExitCode.ModelUnsupported, $"{_model.Origin}: this model can't be adapted: {why}");

    private SelfAdaptException Refuse(OnnxNode node, string why) =>
        Refuse($"node {node.Label}: {why} Supported: {Supported}.");

    /// <summary>What a name in the graph stands for during import.</summary>
    private abstract record Value;

    /// <summary>An activation and its dimensions at the probe size.</summary>
    private sealed record Activation(int Id, long[] Dims) : Value;

    /// <summary>A constant.</summary>
    private sealed record Known(Constant Constant) : Value;

    /// <summary>A step on the way to an L2 norm of an activation.</summary>
    private sealed record NormStep(int Of, NormStage Stage) : Value;

    private enum NormStage
    {
        Squares,
        SumOfSquares,
        Norm,
    }
}
