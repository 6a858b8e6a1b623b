using SelfAdapt.Models.Graph.Operators;
using SelfAdapt.Models.Onnx;

namespace SelfAdapt.Models.Graph;

/// <summary>
/// Turns an ONNX graph into a <see cref="Network"/>, by structure and never by names: sizes are folded at a probe
/// size, shared initialisers are untied, and what can't be trained is refused by name. Values of 16 bits become 32-bit
/// floats. What each operator looks like in a file, its node knows (<see cref="OperatorCatalogue"/>).
/// </summary>
internal sealed class NetworkReader
{
    /// <summary>In a refusal, what stands between the reason and the list of operators.</summary>
    public const string Supported = " Supported: ";

    /// <summary>No layer has more channels.</summary>
    public const int MostChannels = 1 << 16;

    // Size computations come to some hundred numbers; a file that folds into millions is made to fill memory.
    private const long MostConstantValues = 1 << 21;

    private readonly OnnxModel _model;
    private readonly double _gamma;
    private readonly Dictionary<string, ReadValue> _values = [];
    private readonly Dictionary<string, Constant?> _stored = [];
    private readonly Dictionary<string, string> _weightUsers = [];
    private readonly List<NetworkValue> _activations = [];
    private readonly List<NetworkNode> _nodes = [];
    private readonly Dictionary<int, NetworkNode> _makers = [];
    private readonly List<NetworkTensor> _parameters = [];
    private readonly List<NetworkTensor> _statistics = [];
    private readonly List<float> _parameterValues = [];
    private readonly List<float> _statisticValues = [];

    private long _constantValues;

    private NetworkReader(OnnxModel model) => (_model, _gamma) = (InputPower.Without(model), InputPower.Of(model));

    /// <summary>Version of ONNX's operator set in the file.</summary>
    public long Opset => _model.Opsets.GetValueOrDefault("");

    /// <inheritdoc cref="Network.Read"/>
    public static Network Read(OnnxModel model, OutputDescription? outputs) => new NetworkReader(model).Run(outputs);

    /// <summary>What an input stands for; null if it is left out, or a stored tensor.</summary>
    public ReadValue? Find(OnnxNode node, int input) =>
        input < node.Inputs.Count ? _values.GetValueOrDefault(node.Inputs[input]) : null;

    /// <summary>The node that makes an activation; null for the image.</summary>
    public NetworkNode? Maker(Activation activation) => _makers.GetValueOrDefault(activation.Id);

    /// <summary>An input that must be an activation, whose channels may lie last.</summary>
    public Activation AnyLayout(OnnxNode node, int input) =>
        Find(node, input) as Activation
        ?? throw Refuse(node, Find(node, input) is Padded
            ? "a Pad can be trained only where a convolution or a pooling reads it."
            : $"input {input} must be an activation.");

    /// <summary>An input that must be an activation, its channels first.</summary>
    public Activation Activation(OnnxNode node, int input) =>
        AnyLayout(node, input) is { ChannelsLast: false } a
            ? a
            : throw Refuse(node, $"the channels of input {input} lie last.");

    /// <summary>An input that must be a map, not pooled features.</summary>
    public Activation Map(OnnxNode node, int input)
    {
        Activation a = Activation(node, input);
        return a.Dims.Length == 4 && !a.IsPooled
            ? a
            : throw Refuse(node, $"input {input} must be a map [N,C,H,W].");
    }

    /// <summary>An input that is known, stored or computed from sizes; null if it is not.</summary>
    public Constant? Constant(OnnxNode node, int input)
    {
        if (input >= node.Inputs.Count || node.Inputs[input].Length == 0)
        {
            return null;
        }

        return Find(node, input) switch
        {
            Known known => known.Constant,
            null => Stored(node.Inputs[input]),
            _ => null,
        };
    }

    /// <summary>The axes that a node works on: an attribute in older operator sets, the second input in newer ones.</summary>
    public long[]? Axes(OnnxNode node) => node.GetInts("axes") ?? Constant(node, 1)?.Integers;

    /// <summary>The name of an input that must be there.</summary>
    public string Input(OnnxNode node, int input) => input < node.Inputs.Count
        ? node.Inputs[input]
        : throw Refuse(node, $"input {input} is missing.");

    /// <summary>The stored tensor of an input that must be there; null if it is computed.</summary>
    public OnnxTensor? FindWeight(OnnxNode node, int input) => _model.FindWeight(Input(node, input));

    /// <summary>Gives a weight its place in the flat run.</summary>
    /// <param name="node">The node that uses it.</param>
    /// <param name="input">Which of its inputs.</param>
    /// <param name="dims">The dimensions that it must have.</param>
    /// <param name="role">What it is to its operator.</param>
    /// <param name="level">The level that it works on; null: that of the node's first input.</param>
    public NetworkTensor AddWeight(OnnxNode node, int input, long[] dims, TensorRole role, int? level = null)
    {
        string name = Input(node, input);
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
            name, [.. dims.Select(d => (int)d)], values.Count, (int)tensor.Count, role, level ?? Activation(node, 0).Level);
        values.AddRange(tensor.ToFloats());
        tensors.Add(added);
        return added;
    }

    /// <summary>Adds a node with a new output.</summary>
    /// <param name="value">The output's size relative to the image.</param>
    /// <param name="dims">Its dimensions at the probe size.</param>
    /// <param name="make">Makes the node, told its output.</param>
    public Activation Emit(NetworkValue value, long[] dims, Func<int, NetworkNode> make)
    {
        int output = NewActivation(value);
        NetworkNode node = make(output);
        _nodes.Add(node);
        _makers.Add(output, node);
        return new Activation(output, value, dims);
    }

    /// <summary>Adds a node whose output has an input's size and layout.</summary>
    public Activation Emit(Activation like, Func<int, NetworkNode> make) =>
        Emit(like.Value, like.Dims, make) with { ChannelsLast = like.ChannelsLast };

    /// <summary>Shape: the dimensions at the probe size.</summary>
    public static ReadValue ReadSize(NetworkReader reader, OnnxNode node)
    {
        long[] dims = reader.AnyLayout(node, 0).Dims;
        return new Known(new Constant(OnnxDataType.Int64, [dims.Length], [.. dims.Select(d => (double)d)]));
    }

    /// <summary>The error that a node can't be trained.</summary>
    public SelfAdaptException Refuse(OnnxNode node, string why) =>
        Refuse($"node {node.Label}: {why}{Supported}{OperatorCatalogue.Supported}.");

    private Network Run(OutputDescription? outputs)
    {
        ImageInput image = ImageInput.Read(_model);
        if (image.IsInteger)
        {
            throw Refuse($"its input '{image.Name}' takes whole numbers ({image.Type}), which is not trained here.");
        }

        long[] probe = Probe(image);
        NetworkValue picture = new(image.Channels, 0);
        _values[image.Name] = new Activation(NewActivation(picture), picture, probe, image.ChannelsLast);
        foreach (OnnxNode node in _model.Graph.Nodes)
        {
            Read(node);
        }

        (string Name, Activation Map)[] maps = [.. _model.Graph.Outputs
            .Select(o => (o.Name, Map: _values.GetValueOrDefault(o.Name) as Activation))
            .Where(o => o.Map is { IsPooled: false, Dims.Length: 4 }).Select(o => (o.Name, o.Map!))];
        JoinedOutput? joined = JoinedOutput.Find(maps, _nodes, _activations, outputs);
        (string outputName, int output) = joined is null
            ? TrainedOutput(maps, outputs?.Channels)
            : (joined.Returned[0].Name, joined.Join(_nodes, NewActivation));
        string? embeddingName = EmbeddingOutput(outputName);
        int embedding = embeddingName is not null
            ? ((Activation)_values[embeddingName]).Id
            : AddEmbedding(joined);
        int deepest = _activations.Max(v => v.Level);
        Network network = new()
        {
            InputChannels = image.Channels,
            Gamma = _gamma,
            InputName = image.Name,
            OutputName = outputName,
            EmbeddingName = embeddingName,
            Outputs = Meaning(outputs, joined, outputName, _activations[output].Channels),
            Joined = joined,
            EmbeddingLength = _activations[embedding].Channels,
            Parameters = _parameters,
            Statistics = _statistics,
            SizeMultiple = 1 << deepest,
            InitialParameters = [.. _parameterValues],
            InitialStatistics = [.. _statisticValues],
            Nodes = _nodes,
            Values = _activations,
            OutputValue = output,
            EmbeddingValue = embedding,
        };
        return network.TrainedNodes.OfType<SoftmaxNode>().FirstOrDefault() is { } inner
            ? throw Refuse(
                $"node Softmax '{inner.Name}': a Softmax can't be trained here; only the logits before one at the end can, as classes.")
            : network;
    }

    /// <summary>The size at which size computations are folded; scales come out the same at every legal size.</summary>
    private static long[] Probe(ImageInput image)
    {
        const int AnyHeight = 128;
        const int AnyWidth = 192;
        (long height, long width) = (image.Height ?? AnyHeight, image.Width ?? AnyWidth);
        return image.ChannelsLast
            ? [image.Batch ?? 1, height, width, image.Channels]
            : [image.Batch ?? 1, image.Channels, height, width];
    }

    /// <summary>The first map of the image's size with as many channels as were described, else the first.</summary>
    private (string Name, int Value) TrainedOutput((string Name, Activation Map)[] maps, int? channels)
    {
        maps = [.. maps.Where(m => m.Map.Level == 0)];
        if (maps.Length == 0)
        {
            throw Refuse("none of its outputs is a map of the input's size.");
        }

        (string name, Activation map) = maps.FirstOrDefault(
            m => channels is { } asked ? m.Map.Channels == asked : m.Map.Channels is 1 or 3, maps[0]);
        return (name, map.Id);
    }

    private string? EmbeddingOutput(string trained) =>
        _model.Graph.Outputs
            .Where(o => o.Name != trained && _values.GetValueOrDefault(o.Name) is Activation { IsPooled: true })
            .Select(o => o.Name)
            .FirstOrDefault();

    /// <summary>
    /// Where the graph returns no embedding: the style vector if it computes one, else pooled features of the
    /// bottleneck (the last activation at the lowest resolution) at unit length.
    /// </summary>
    private int AddEmbedding(JoinedOutput? joined)
    {
        if (_nodes.OfType<L2NormalizeNode>().FirstOrDefault() is { } style)
        {
            return style.Output;
        }

        int deepest = _activations.Max(v => v.Level);

        // A sigmoid behind what is trained is not run.
        int? end = joined?.Returned is [{ Map.Id: var last }] ? last : null;
        int bottleneck = _nodes.LastOrDefault(o => o.Output != end && _activations[o.Output].Level == deepest)?.Output
            ?? throw Refuse("it computes nothing from its input.");
        int pooled = NewActivation(new NetworkValue(_activations[bottleneck].Channels, NetworkValue.Pooled));
        int unit = NewActivation(_activations[pooled]);
        _nodes.Add(new GlobalAveragePoolNode("", bottleneck, pooled));
        _nodes.Add(new L2NormalizeNode("", pooled, unit));
        return unit;
    }

    private OutputDescription Meaning(OutputDescription? asked, JoinedOutput? joined, string output, int channels)
    {
        if (joined is not null)
        {
            return OutputDescription.Require(_model.Origin, output, channels, joined.InFile.AsLogits, null);
        }

        if (asked?.Parts.Any(p => p.Kind.AsRun != p.Kind) == true)
        {
            throw Refuse(
                "its output was described as a probability. Logits are trained: export it without its last Sigmoid.");
        }

        return OutputDescription.Require(_model.Origin, output, channels, asked, channels switch
        {
            3 => OutputDescription.Cellpose,
            1 => OutputDescription.Foreground,
            _ => null,
        });
    }

    private int NewActivation(NetworkValue value)
    {
        _activations.Add(value);
        return _activations.Count - 1;
    }

    private void Read(OnnxNode node)
    {
        if (node.Domain.Length > 0 && node.Domain != "ai.onnx")
        {
            throw Refuse(node, $"operators of the domain '{node.Domain}' are not supported.");
        }

        if (node.Outputs.Count == 0)
        {
            throw Refuse(node, "it has no output.");
        }

        if (node.OpType == "Constant" || (node.OpType == "Identity" && Find(node, 0) is null))
        {
            // A stored tensor under another name: sizes are read from it here, weights by name where they are used.
            return;
        }

        _values[node.Outputs[0]] = Constants(node) is { } constants
            && ConstantFolder.Fold(node, constants) is { } folded
                ? new Known(Booked(folded))
                : OperatorCatalogue.Read(this, node);
    }

    /// <summary>All inputs as constants, null where one is absent; null if one is no constant.</summary>
    private Constant?[]? Constants(OnnxNode node)
    {
        Constant?[] constants = new Constant?[node.Inputs.Count];
        for (int i = 0; i < constants.Length; i++)
        {
            constants[i] = Constant(node, i);
            if (constants[i] is null && node.Inputs[i].Length > 0)
            {
                return null;
            }
        }

        return constants;
    }

    private Constant? Stored(string name)
    {
        if (!_stored.TryGetValue(name, out Constant? constant))
        {
            constant = _model.FindWeight(name) is { } tensor && ConstantFolder.From(tensor) is { } found
                ? Booked(found)
                : null;
            _stored.Add(name, constant);
        }

        return constant;
    }

    private Constant Booked(Constant constant)
    {
        _constantValues += constant.Values.Length;
        return _constantValues <= MostConstantValues
            ? constant
            : throw Refuse($"its size computations come to more than {MostConstantValues:N0} numbers.");
    }

    private SelfAdaptException Refuse(string why) =>
        new(ErrorKind.ModelUnsupported, _model.Origin, $"this model can't be adapted: {why}");
}
