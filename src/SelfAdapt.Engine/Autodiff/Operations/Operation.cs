using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Graph.Operators;

namespace SelfAdapt.Engine.Autodiff.Operations;

/// <summary>One step of a network, forward and backward side by side. It holds no activations: graphs do.</summary>
internal abstract class Operation(string kind, IReadOnlyList<int> inputs, int output)
{
    protected Operation(string kind, NetworkNode node)
        : this(kind, node.Inputs, node.Output)
    {
    }

    public string Kind { get; } = kind;

    public IReadOnlyList<int> Inputs { get; } = inputs;

    public int Output { get; } = output;

    /// <summary>True where backward reads an input activation: it must be kept until then.</summary>
    public virtual bool BackwardReadsInput(int input) => false;

    public virtual bool BackwardReadsOutput => false;

    /// <summary>
    /// True where forward costs little and depends on the inputs alone: backward may run it again instead of keeping
    /// its output.
    /// </summary>
    public virtual bool CheapToRepeat => false;

    /// <summary>
    /// True where backward wants a tensor shaped as its first input to work in; that may be the input's gradient
    /// itself, where it is written.
    /// </summary>
    public virtual bool BackwardNeedsWorkspace => false;

    /// <summary>What it works in, forward and backward, by the shapes of its first input and its output; lost between the two.</summary>
    public virtual IReadOnlyList<TensorShape> Scratch(TensorShape input, TensorShape output) => [];

    /// <summary>True where an input's gradient is the output's gradient itself (a sum's terms).</summary>
    public virtual bool PassesGradient(int input) => false;

    /// <summary>What a graph keeps for this operation between forward and backward.</summary>
    public virtual IDisposable? CreateState(NetworkWeights weights) => null;

    public abstract void Forward(in OperationRun run);

    public abstract void Backward(in OperationRun run);
}

/// <summary>What an operation may touch while it runs.</summary>
/// <param name="backward">The backward pass is on; operations that are repeated run forward in it.</param>
internal readonly ref struct OperationRun(TrainableGraph graph, int index, bool backward)
{
    private Operation Operation => graph.Operations[index];

    public ITensorOperators Operators => graph.Backend.Operators;

    public DeviceTensor Output => graph.Activation(Operation.Output, backward);

    /// <summary>The output's gradient, complete.</summary>
    public DeviceTensor OutputGradient => graph.Gradient(Operation.Output);

    /// <summary>
    /// A tensor to work in during backward, for operations that asked for one; it may be the first input's gradient.
    /// </summary>
    public DeviceTensor Workspace => graph.Workspace(index);

    /// <summary>One of the tensors that the operation asked for to work in.</summary>
    public DeviceTensor Scratch(int i) => graph.Scratch(index, i, backward);

    /// <summary>The convolution with some of the weights, which belongs to them.</summary>
    /// <param name="forBackward">Whether its backward pass follows; null: where the graph's does.</param>
    public Convolution Convolution(ConvolutionNode weights, bool? forBackward = null) =>
        graph.Weights.Convolution(weights).Current(forBackward ?? Training);

    public NormStatistics Norm => graph.Norm;

    /// <summary>Weight of a new batch in the stored statistics.</summary>
    public float NormMomentum => graph.NormMomentum;

    /// <summary>True while a backward pass will follow.</summary>
    public bool Training => graph.Mode == GraphMode.Training;

    public DeviceTensor Input(int i) => graph.Activation(Operation.Inputs[i], backward);

    /// <summary>Channels of an input, also where its activation is no longer kept.</summary>
    public int InputChannels(int i) => graph.Network.Values[Operation.Inputs[i]].Channels;

    /// <summary>An input's gradient, or null where none is wanted (the image) or it is passed on as it is.</summary>
    public DeviceTensor? InputGradient(int i) => graph.InputGradient(index, i);

    /// <summary>True where an input's gradient already holds other consumers' parts.</summary>
    public bool Accumulates(int i) => graph.Accumulates(index, i);

    public VectorSlice Parameter(NetworkTensor tensor) =>
        graph.Weights.Parameters.Slice(tensor.Offset, tensor.Length);

    public VectorSlice ParameterGradient(NetworkTensor tensor) =>
        graph.ParameterGradients!.Slice(tensor.Offset, tensor.Length);

    public VectorSlice Statistic(NetworkTensor tensor) =>
        graph.Weights.Statistics.Slice(tensor.Offset, tensor.Length);

    public TState State<TState>()
        where TState : class => (TState)(object)graph.State(index)!;
}
