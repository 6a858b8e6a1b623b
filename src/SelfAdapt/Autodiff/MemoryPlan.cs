using System.Collections.Generic;
using System.Linq;
using SelfAdapt.Autodiff.Operations;
using SelfAdapt.Compute;

namespace SelfAdapt.Autodiff;

/// <summary>What an operation does with an input's gradient.</summary>
internal enum GradientUse
{
    /// <summary>Nothing: the input is the image.</summary>
    None,

    /// <summary>It writes it: this is the first part.</summary>
    Written,

    /// <summary>It adds to it: other consumers have been here.</summary>
    Added,

    /// <summary>The output's gradient becomes the input's, buffer and all: nothing to compute.</summary>
    Passed,
}

/// <summary>
/// Decides which buffer each activation and gradient lives in. Time runs through the forward operations and, in
/// training, back through them; two values share a buffer when they have the same shape and their lives do not
/// overlap. Everything is decided at compile time.
/// </summary>
internal sealed class MemoryPlan
{
    private readonly Network _network;
    private readonly int _forward;
    private readonly GradientUse[][] _uses;
    private readonly int[] _activations;
    private readonly int?[] _gradients;
    private readonly int?[] _workspaces;
    private readonly List<Life> _lives = [];

    public MemoryPlan(Network network, int batch, int height, int width, GraphMode mode)
    {
        _network = network;
        _forward = network.Operations.Count;
        _uses = network.Operations.Select(o => new GradientUse[o.Inputs.Count]).ToArray();
        _workspaces = new int?[_forward];

        int[] activationLives = PlanActivations(batch, height, width, mode);
        int?[] gradientLives = mode == GraphMode.Training
            ? PlanGradients(batch, height, width)
            : new int?[network.Values.Count];

        int[] buffers = AssignBuffers(out List<TensorShape> shapes);
        BufferShapes = shapes;
        _activations = activationLives.Select(life => buffers[life]).ToArray();
        _gradients = gradientLives.Select(life => life is { } l ? buffers[l] : (int?)null).ToArray();
        _workspaces = _workspaces.Select(life => life is { } l ? buffers[l] : (int?)null).ToArray();
    }

    /// <summary>The buffers to take.</summary>
    public IReadOnlyList<TensorShape> BufferShapes { get; }

    /// <summary>The buffer of an activation.</summary>
    public int ActivationBuffer(int value) => _activations[value];

    /// <summary>The buffer of an activation's gradient; null where none flows.</summary>
    public int? GradientBuffer(int value) => _gradients[value];

    /// <summary>The buffer that an operation's backward works in; null where it needs none.</summary>
    public int? WorkspaceBuffer(int operation) => _workspaces[operation];

    /// <summary>What an operation does with an input's gradient.</summary>
    public GradientUse Use(int operation, int input) => _uses[operation][input];

    private int[] PlanActivations(int batch, int height, int width, GraphMode mode)
    {
        int[] lives = new int[_network.Values.Count];
        for (int value = 0; value < lives.Length; value++)
        {
            lives[value] = _lives.Count;
            _lives.Add(new Life(_network.Values[value].ShapeFor(batch, height, width), int.MaxValue, -1));
        }

        _lives[lives[0]].Touch(-1);
        for (int i = 0; i < _forward; i++)
        {
            Operation operation = _network.Operations[i];
            int backward = (2 * _forward) - 1 - i;
            _lives[lives[operation.Output]].Touch(i);
            for (int k = 0; k < operation.Inputs.Count; k++)
            {
                int input = operation.Inputs[k];
                _lives[lives[input]].Touch(i);
                if (mode == GraphMode.Training && operation.BackwardReadsInput(k))
                {
                    _lives[lives[input]].Touch(backward);
                }
            }

            if (mode == GraphMode.Training && operation.BackwardReadsOutput)
            {
                _lives[lives[operation.Output]].Touch(backward);
            }
        }

        // Read by the host's side after the last forward operation.
        _lives[lives[_network.OutputValue]].Touch(_forward);
        _lives[lives[_network.EmbeddingValue]].Touch(_forward);
        return lives;
    }

    private int?[] PlanGradients(int batch, int height, int width)
    {
        int?[] lives = new int?[_network.Values.Count];
        int NewLife(int value, int time)
        {
            _lives.Add(new Life(_network.Values[value].ShapeFor(batch, height, width), time, time));
            return _lives.Count - 1;
        }

        lives[_network.OutputValue] = NewLife(_network.OutputValue, _forward);
        for (int i = _forward - 1; i >= 0; i--)
        {
            Operation operation = _network.Operations[i];
            if (lives[operation.Output] is not { } own)
            {
                continue;
            }

            int time = (2 * _forward) - 1 - i;
            _lives[own].Touch(time);
            _workspaces[i] = operation.BackwardNeedsWorkspace ? NewLife(operation.Inputs[0], time) : null;
            bool handedOn = false;
            for (int k = 0; k < operation.Inputs.Count; k++)
            {
                int input = operation.Inputs[k];
                if (input == 0)
                {
                    _uses[i][k] = GradientUse.None;
                }
                else if (lives[input] is { } begun)
                {
                    _lives[begun].Touch(time);
                    _uses[i][k] = GradientUse.Added;
                }
                else if (operation.PassesGradient(k) && !handedOn && !HasLaterTerm(operation, k))
                {
                    lives[input] = own;
                    handedOn = true;
                    _uses[i][k] = GradientUse.Passed;
                }
                else
                {
                    lives[input] = NewLife(input, time);
                    _uses[i][k] = GradientUse.Written;
                }
            }
        }

        return lives;
    }

    /// <summary>x + x: the buffer can't be handed on and added to at once.</summary>
    private static bool HasLaterTerm(Operation operation, int input) =>
        operation.Inputs.Skip(input + 1).Contains(operation.Inputs[input]);

    private int[] AssignBuffers(out List<TensorShape> shapes)
    {
        shapes = [];
        int[] buffers = new int[_lives.Count];
        List<int> busyUntil = [];
        foreach (int life in Enumerable.Range(0, _lives.Count).OrderBy(l => _lives[l].First))
        {
            Life l = _lives[life];
            if (l.First == int.MaxValue)
            {
                // Joined away: nothing makes it, nothing reads it.
                continue;
            }

            int buffer = -1;
            for (int b = 0; b < shapes.Count && buffer < 0; b++)
            {
                buffer = shapes[b] == l.Shape && busyUntil[b] < l.First ? b : -1;
            }

            if (buffer < 0)
            {
                buffer = shapes.Count;
                shapes.Add(l.Shape);
                busyUntil.Add(0);
            }

            busyUntil[buffer] = l.Last;
            buffers[life] = buffer;
        }

        return buffers;
    }

    private sealed class Life(TensorShape shape, int first, int last)
    {
        public TensorShape Shape => shape;

        public int First { get; private set; } = first;

        public int Last { get; private set; } = last;

        public void Touch(int time)
        {
            First = int.Min(First, time);
            Last = int.Max(Last, time);
        }
    }
}
