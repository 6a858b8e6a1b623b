using SelfAdapt.Engine.Autodiff.Operations;
using SelfAdapt.Models.Graph;

namespace SelfAdapt.Engine.Autodiff;

/// <summary>What a graph is compiled for.</summary>
internal enum GraphMode
{
    /// <summary>Forward only: buffers are reused as soon as nothing reads them any more.</summary>
    Inference,

    /// <summary>Forward and backward: what backward reads is kept.</summary>
    Training,
}

/// <summary>
/// A network compiled for one batch and image size on one backend: all buffers are taken once, and a step
/// allocates nothing on the device.
/// </summary>
internal sealed class TrainableGraph : IDisposable
{
    private readonly int _slice;
    private readonly MemoryPlan _plan;
    private readonly SharedTensors _buffers;
    private readonly IDisposable?[] _states;

    /// <param name="height">Image height, px, a multiple of <see cref="Network.SizeMultiple"/>.</param>
    /// <param name="embeddingIsTrained">Whether a loss hangs on the embedding, too, which needs a training graph.</param>
    public TrainableGraph(
        Network network, NetworkWeights weights, Backend backend, int batch, int height, int width, GraphMode mode,
        bool embeddingIsTrained = false)
    {
        if (batch < 1 || height < 1 || width < 1
            || height % network.SizeMultiple != 0 || width % network.SizeMultiple != 0)
        {
            throw new ArgumentException(
                $"A batch of {batch} images of {height}x{width} px does not fit the network: height and width "
                + $"must be multiples of {network.SizeMultiple}.");
        }

        (Network, Weights, Backend, Mode) = (network, weights, backend, mode);
        (Batch, Height, Width) = (batch, height, width);
        _slice = mode == GraphMode.Inference ? backend.EvaluationSlice(batch, height, width) : batch;
        Operations = NetworkCompiler.Compile(network);
        _plan = new MemoryPlan(network, Operations, _slice, height, width, mode, backend.TensorBytes, embeddingIsTrained);
        _buffers = new SharedTensors(backend, _plan.Places);
        _states = Operations.Select(o => o.CreateState(weights)).ToArray();

        TensorShape output = OutputShape;
        Input = backend.CreateVector((int)new TensorShape(batch, network.InputChannels, height, width).Count);
        Output = backend.CreateVector((int)output.Count);
        Embedding = backend.CreateVector(batch * network.EmbeddingLength);
        if (mode == GraphMode.Training)
        {
            OutputGradient = backend.CreateVector((int)output.Count);
            ParameterGradients = backend.CreateVector(network.ParameterCount);
            EmbeddingGradient = embeddingIsTrained ? backend.CreateVector(Embedding.Length) : null;
        }
    }

    public Network Network { get; }

    public NetworkWeights Weights { get; }

    public Backend Backend { get; }

    public GraphMode Mode { get; }

    public int Batch { get; }

    public int Height { get; }

    public int Width { get; }

    public TensorShape OutputShape => Network.Values[Network.OutputValue].ShapeFor(Batch, Height, Width);

    /// <summary>The images, [N,C,H,W]: fill it before <see cref="Forward"/>.</summary>
    public DeviceVector Input { get; }

    /// <summary>The trained output, [N,K,H,W], after <see cref="Forward"/>.</summary>
    public DeviceVector Output { get; }

    /// <summary>The embedding, [N,E], after <see cref="Forward"/>.</summary>
    public DeviceVector Embedding { get; }

    /// <summary>d loss / d output, [N,K,H,W]: fill it before <see cref="Backward"/>; null in inference.</summary>
    public DeviceVector? OutputGradient { get; }

    /// <summary>d loss / d embedding, [N,E]: fill it before <see cref="Backward"/>; null where none is trained.</summary>
    public DeviceVector? EmbeddingGradient { get; }

    /// <summary>d loss / d parameters after <see cref="Backward"/>; null in inference.</summary>
    public DeviceVector? ParameterGradients { get; }

    internal IReadOnlyList<Operation> Operations { get; }

    public long BufferBytes => _buffers.Bytes;

    internal NormStatistics Norm { get; private set; }

    /// <summary>Weight of a new batch in the stored statistics.</summary>
    internal float NormMomentum { get; private set; }

    /// <summary>
    /// For measurements: told each operation's index when it is done, and whether that was in the backward pass;
    /// -1 before the first operation of a pass.
    /// </summary>
    internal Action<int, bool>? OperationDone { get; set; }

    /// <param name="norm">How batch normalisation runs; stored statistics in evaluation.</param>
    public void Forward(NormStatistics norm = NormStatistics.Stored, float momentum = 0.05f)
    {
        if (Mode == GraphMode.Inference && norm != NormStatistics.Stored)
        {
            throw new InvalidOperationException("This graph was compiled for inference; it knows stored statistics only.");
        }

        (Norm, NormMomentum) = (norm, momentum);
        for (int slice = 0; slice < Batch / _slice; slice++)
        {
            Backend.Operators.Import(Slice(Input, slice), Begin(_plan.ActivationBuffer(0, false)));
            OperationDone?.Invoke(-1, false);
            for (int i = 0; i < Operations.Count; i++)
            {
                Begin(_plan.ActivationBuffer(Operations[i].Output, false));
                BeginScratch(i, false);
                Operations[i].Forward(new OperationRun(this, i, false));
                OperationDone?.Invoke(i, false);
            }

            Backend.Operators.Export(Activation(Network.OutputValue, false), Slice(Output, slice));
            Backend.Operators.Export(Activation(Network.EmbeddingValue, false), Slice(Embedding, slice));
        }
    }

    /// <summary>
    /// Computes <see cref="ParameterGradients"/> from <see cref="OutputGradient"/>; <see cref="Input"/> must still be
    /// what the forward pass has read.
    /// </summary>
    public void Backward()
    {
        if (OutputGradient is null)
        {
            throw new InvalidOperationException("This graph was compiled for inference; it has no backward pass.");
        }

        Backend.Operators.Import(OutputGradient.Whole, Begin(_plan.GradientBuffer(Network.OutputValue)!.Value));
        if (EmbeddingGradient is not null)
        {
            Backend.Operators.Import(
                EmbeddingGradient.Whole, Begin(_plan.GradientBuffer(Network.EmbeddingValue)!.Value));
        }

        OperationDone?.Invoke(-1, true);
        for (int i = Operations.Count - 1; i >= 0; i--)
        {
            // Operations off the path to the output (an extra embedding) have no gradient to pass on.
            if (_plan.GradientBuffer(Operations[i].Output) is not null)
            {
                foreach (int repeated in _plan.RepeatedBefore(i))
                {
                    Repeat(repeated);
                }

                BeginGradients(i);
                BeginScratch(i, true);
                Operations[i].Backward(new OperationRun(this, i, true));
                OperationDone?.Invoke(i, true);
            }
        }
    }

    public void Dispose()
    {
        foreach (IDisposable? state in _states)
        {
            state?.Dispose();
        }

        _buffers.Dispose();
        Input.Dispose();
        Output.Dispose();
        Embedding.Dispose();
        OutputGradient?.Dispose();
        EmbeddingGradient?.Dispose();
        ParameterGradients?.Dispose();
    }

    internal DeviceTensor Activation(int value, bool backward) =>
        _buffers[_plan.ActivationBuffer(value, backward)];

    internal DeviceTensor Gradient(int value) => _buffers[_plan.GradientBuffer(value)!.Value];

    internal DeviceTensor Workspace(int operation) => _buffers[_plan.WorkspaceBuffer(operation)!.Value];

    internal DeviceTensor Scratch(int operation, int index, bool backward) =>
        _buffers[_plan.ScratchBuffers(operation, backward)[index]];

    internal DeviceTensor? InputGradient(int operation, int input)
    {
        GradientUse use = _plan.Use(operation, input);
        return use is GradientUse.None or GradientUse.Passed
            ? null
            : Gradient(Operations[operation].Inputs[input]);
    }

    internal bool Accumulates(int operation, int input) => _plan.Use(operation, input) == GradientUse.Added;

    internal IDisposable? State(int operation) => _states[operation];

    /// <summary>A value's life begins: the buffer, fit to be written.</summary>
    private DeviceTensor Begin(int buffer) => _buffers.Begin(buffer);

    private void BeginScratch(int operation, bool backward)
    {
        foreach (int buffer in _plan.ScratchBuffers(operation, backward))
        {
            Begin(buffer);
        }
    }

    private void BeginGradients(int operation)
    {
        if (_plan.WorkspaceBuffer(operation) is { } workspace)
        {
            Begin(workspace);
        }

        for (int k = 0; k < Operations[operation].Inputs.Count; k++)
        {
            if (_plan.Use(operation, k) == GradientUse.Written)
            {
                Begin(_plan.GradientBuffer(Operations[operation].Inputs[k])!.Value);
            }
        }
    }

    /// <summary>Makes an activation again that was not kept for the backward pass.</summary>
    private void Repeat(int operation)
    {
        if (operation == MemoryPlan.Import)
        {
            Backend.Operators.Import(Input.Whole, Begin(_plan.ActivationBuffer(0, true)));
        }
        else
        {
            Begin(_plan.ActivationBuffer(Operations[operation].Output, true));
            Operations[operation].Forward(new OperationRun(this, operation, true));
        }
    }

    /// <summary>The part of a batch's vector that belongs to one slice.</summary>
    private VectorSlice Slice(DeviceVector whole, int slice)
    {
        int length = whole.Length / Batch * _slice;
        return whole.Slice(slice * length, length);
    }
}
