using System;
using System.Collections.Generic;
using System.Linq;
using SelfAdapt.Autodiff.Operations;
using SelfAdapt.Compute;
using SelfAdapt.Onnx;

namespace SelfAdapt.Autodiff;

// One node at a time: what it is, whether it is used in a way that can be trained, and the operation it becomes.
public sealed partial class NetworkImporter
{
    private void Import(OnnxNode node)
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

        if (Constants(node) is { } constants && ConstantFolder.Fold(node, constants) is { } folded)
        {
            _values[node.Outputs[0]] = new Known(Booked(folded));
            return;
        }

        _values[node.Outputs[0]] = node.OpType switch
        {
            "Conv" => ImportConv(node),
            "BatchNormalization" => ImportBatchNorm(node),
            "Relu" => Emit(node, (x, y) => new ReluOperation(x, y)),
            "Add" => ImportAdd(node),
            "MaxPool" => ImportMaxPool(node),
            "Resize" or "Upsample" => ImportResize(node),
            "Concat" => ImportConcat(node),
            "GlobalAveragePool" => ImportPool(node, true),
            "AveragePool" => ImportAveragePool(node),
            "ReduceMean" => ImportReduceMean(node),
            "Gemm" => ImportGemm(node),
            "Shape" => SizeOf(Act(node, 0)),
            "Identity" or "Dropout" => Act(node, 0),
            "Cast" when OnnxDataTypes.IsFloating((OnnxDataType)node.GetInt("to", 0)) => Act(node, 0),
            "Pad" => ImportPad(node),
            "Flatten" or "Squeeze" or "Unsqueeze" or "Reshape" => ImportReshape(node),
            "Pow" or "Mul" or "ReduceSum" or "Sqrt" or "ReduceL2" => ImportNormStep(node),
            "Div" => ImportDiv(node),
            _ => throw Refuse(node, $"the operator {node.OpType} can't be trained here."),
        };
    }

    private static Known SizeOf(Activation a) =>
        new(new Constant(OnnxDataType.Int64, [a.Dims.Length], [.. a.Dims.Select(d => (double)d)]));

    private Value? Find(OnnxNode node, int input) =>
        input < node.Inputs.Count ? _values.GetValueOrDefault(node.Inputs[input]) : null;

    private Constant? Const(OnnxNode node, int input)
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

    /// <summary>All inputs as constants, null where one is absent; null if one is no constant.</summary>
    private Constant?[]? Constants(OnnxNode node)
    {
        Constant?[] constants = new Constant?[node.Inputs.Count];
        for (int i = 0; i < constants.Length; i++)
        {
            constants[i] = Const(node, i);
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

    private string Input(OnnxNode node, int input) => input < node.Inputs.Count
        ? node.Inputs[input]
        : throw Refuse(node, $"input {input} is missing.");

    private Activation Act(OnnxNode node, int input) =>
        Find(node, input) as Activation
        ?? throw Refuse(node, $"input {input} must be an activation.");

    /// <summary>An activation that is a map, not pooled features.</summary>
    private Activation Map(OnnxNode node, int input)
    {
        Activation a = Act(node, input);
        return a.Dims.Length == 4 && _activations[a.Id].Level >= 0
            ? a
            : throw Refuse(node, $"input {input} must be a map [N,C,H,W].");
    }

    private Activation Emit(OnnxNode node, Func<int, int, Operation> make)
    {
        Activation x = Act(node, 0);
        return Emit(_activations[x.Id], x.Dims, y => make(x.Id, y));
    }

    private Activation Emit(NetworkValue value, long[] dims, Func<int, Operation> make)
    {
        Activation y = Activate(value, dims);
        _operations.Add(make(y.Id));
        return y;
    }

    private Activation ImportConv(OnnxNode node)
    {
        Activation x = Act(node, 0);
        NetworkValue source = _activations[x.Id];
        long[] weight = [.. (_model.FindWeight(Input(node, 1))
            ?? throw Refuse(node, "its weight is computed, not stored.")).Dims];
        if (x.Dims.Length != 4 || weight.Length != 4 || weight[0] < 1 || weight[1] != source.Channels)
        {
            throw Refuse(
                node, $"its weight [{string.Join(",", weight)}] does not fit {source.Channels} input channels.");
        }

        long kernel = weight[2];
        long pad = kernel / 2;
        string auto = node.GetString("auto_pad") ?? "NOTSET";
        bool same = auto is "SAME_UPPER" or "SAME_LOWER"
            || (node.GetInts("pads") ?? [0, 0, 0, 0]).SequenceEqual([pad, pad, pad, pad]);
        bool plain = All(node.GetInts("strides"), 1) && All(node.GetInts("dilations"), 1)
            && node.GetInt("group", 1) == 1;
        if (weight[3] != kernel || kernel is not (1 or 3) || !same || !plain || !All(node.GetInts("kernel_shape"), kernel))
        {
            throw Refuse(node, $"a {weight[2]}x{weight[3]} convolution with these strides, dilations, groups or pads "
                + "can't be trained here.");
        }

        NetworkTensor w = AddTensor(node, node.Inputs[1], weight, TensorRole.Weight);
        NetworkTensor? b = node.Inputs.Count > 2 && node.Inputs[2].Length > 0
            ? AddTensor(node, node.Inputs[2], [weight[0]], TensorRole.Bias)
            : null;
        NetworkValue to = source with { Channels = (int)weight[0] };
        long[] dims = [x.Dims[0], weight[0], x.Dims[2], x.Dims[3]];
        if (source.Level == NetworkValue.Pooled)
        {
            // On pooled features a 1x1 convolution is a linear layer.
            return kernel == 1 && b is not null
                ? Emit(to, dims, y => new LinearOperation(x.Id, y, w, b))
                : throw Refuse(node, "on pooled features only a 1x1 convolution with a bias is known.");
        }

        return Emit(to, dims, y => new ConvolutionOperation(
            x.Id, y, new ConvolutionWeights(source.Channels, to.Channels, (int)kernel, w, b)));
    }

    private Activation ImportBatchNorm(OnnxNode node)
    {
        Activation x = Map(node, 0);
        if (node.GetInt("training_mode", 0) != 0)
        {
            throw Refuse(node, "it was exported in training mode: export the network in evaluation mode.");
        }

        long[] channels = [_activations[x.Id].Channels];
        NetworkTensor scale = AddTensor(node, Input(node, 1), channels, TensorRole.NormScale);
        NetworkTensor bias = AddTensor(node, Input(node, 2), channels, TensorRole.NormBias);
        NetworkTensor mean = AddTensor(node, Input(node, 3), channels, TensorRole.NormMean);
        NetworkTensor variance = AddTensor(node, Input(node, 4), channels, TensorRole.NormVariance);
        float epsilon = node.GetFloat("epsilon", 1e-5f);
        NormTensors norm = new(scale, bias, mean, variance, epsilon, false);
        return Emit(node, (a, y) => new BatchNormOperation(a, y, norm));
    }

    private Activation ImportAdd(OnnxNode node)
    {
        (Activation a, Activation b) = (Act(node, 0), Act(node, 1));
        (NetworkValue va, NetworkValue vb) = (_activations[a.Id], _activations[b.Id]);
        if (va.Channels != vb.Channels)
        {
            throw Refuse(node, $"it adds {va.Channels} and {vb.Channels} channels.");
        }

        if (va.Level == vb.Level && a.Dims.SequenceEqual(b.Dims))
        {
            return Emit(va, a.Dims, y => new AddOperation(a.Id, b.Id, y));
        }

        if (va.Level == NetworkValue.Pooled)
        {
            (a, b, va, vb) = (b, a, vb, va);
        }

        return va.Level >= 0 && vb.Level == NetworkValue.Pooled && b.Dims.Length == 4
            ? Emit(va, a.Dims, y => new AddPerChannelOperation(a.Id, b.Id, y))
            : throw Refuse(node, "it adds maps of different sizes.");
    }

    private Activation ImportMaxPool(OnnxNode node)
    {
        Activation x = Map(node, 0);
        bool halves = All(node.GetInts("kernel_shape"), 2) && node.GetInts("strides") is [2, 2]
            && All(node.GetInts("pads"), 0) && All(node.GetInts("dilations"), 1)
            && (node.GetInt("ceil_mode", 0) == 0 || (x.Dims[2] % 2 == 0 && x.Dims[3] % 2 == 0));
        if (!halves || node.Outputs.Count > 1 || x.Dims[2] < 2 || x.Dims[3] < 2)
        {
            throw Refuse(node, "only 2x2 windows with stride 2 and no padding can be trained.");
        }

        NetworkValue source = _activations[x.Id];
        long[] dims = [x.Dims[0], x.Dims[1], x.Dims[2] / 2, x.Dims[3] / 2];
        return Emit(source with { Level = source.Level + 1 }, dims, y => new MaxPoolOperation(x.Id, y));
    }

    private Activation ImportResize(OnnxNode node)
    {
        Activation x = Map(node, 0);
        double[] scales = Scales(node, x);
        if (scales is not [1, 1, 2, 2] || _activations[x.Id].Level == 0)
        {
            throw Refuse(node, $"it resizes by [{string.Join(", ", scales)}]: only doubling, back up to the input's "
                + "size at most, can be trained.");
        }

        string mode = node.GetString("mode") ?? "nearest";

        // Upsample, and Resize before opset 11, know one way only.
        bool early = node.OpType == "Upsample" || _model.Opsets.GetValueOrDefault("") < 11;
        string coordinates = node.GetString("coordinate_transformation_mode")
            ?? (early ? "asymmetric" : "half_pixel");
        string rounding = node.GetString("nearest_mode") ?? (early ? "floor" : "round_prefer_floor");
        bool nearest = mode == "nearest" && ((coordinates == "asymmetric" && rounding == "floor")
            || (coordinates is "half_pixel" or "pytorch_half_pixel"
                && rounding is "round_prefer_floor" or "round_prefer_ceil"));
        bool linear = mode == "linear" && coordinates is "half_pixel" or "pytorch_half_pixel"
            && node.GetInt("antialias", 0) == 0;
        if (!nearest && !linear)
        {
            throw Refuse(node, $"resizing with mode {mode}, {coordinates}, {rounding} can't be trained here.");
        }

        NetworkValue source = _activations[x.Id];
        long[] dims = [x.Dims[0], x.Dims[1], x.Dims[2] * 2, x.Dims[3] * 2];
        return Emit(
            source with { Level = source.Level - 1 }, dims,
            y => new UpsampleOperation(x.Id, y, nearest ? UpsampleMode.Nearest : UpsampleMode.Linear));
    }

    private double[] Scales(OnnxNode node, Activation x)
    {
        // Upsample and Resize-10: (x, scales); Resize from 11 on: (x, roi, scales, sizes).
        int at = node.Inputs.Count > 2 ? 2 : 1;
        if (Const(node, at) is { Values.Length: > 0 } scales)
        {
            return scales.Values;
        }

        if (Const(node, 3) is { Values.Length: > 0 } sizes && sizes.Values.Length == x.Dims.Length)
        {
            return [.. sizes.Values.Zip(x.Dims, (size, dim) => size / dim)];
        }

        return node.GetFloats("scales") is { } attribute
            ? [.. attribute.Select(v => (double)v)]
            : throw Refuse(node, "its scales are neither constant nor computed from the input's size.");
    }

    private Activation ImportConcat(OnnxNode node)
    {
        Activation[] parts = [.. Enumerable.Range(0, node.Inputs.Count).Select(i => Map(node, i))];
        long axis = node.GetInt("axis", 1);
        NetworkValue first = _activations[parts[0].Id];
        if (axis is not (1 or -3) || parts.Any(p => _activations[p.Id].Level != first.Level))
        {
            throw Refuse(node, "only maps of the same size can be joined, along their channels.");
        }

        long sum = parts.Sum(p => (long)_activations[p.Id].Channels);
        int channels = sum <= MostChannels
            ? (int)sum
            : throw Refuse(node, $"it joins to {sum} channels; at most {MostChannels} are read.");
        long[] dims = [parts[0].Dims[0], channels, parts[0].Dims[2], parts[0].Dims[3]];
        return Emit(
            first with { Channels = channels }, dims, y => new ConcatOperation([.. parts.Select(p => p.Id)], y));
    }

    private Activation ImportPool(OnnxNode node, bool keepDimensions)
    {
        Activation x = Map(node, 0);
        NetworkValue pooled = new(_activations[x.Id].Channels, NetworkValue.Pooled);
        long[] dims = keepDimensions ? [x.Dims[0], x.Dims[1], 1, 1] : [x.Dims[0], x.Dims[1]];
        return Emit(pooled, dims, y => new GlobalAveragePoolOperation(x.Id, y));
    }

    private Activation ImportAveragePool(OnnxNode node)
    {
        Activation x = Map(node, 0);
        return node.GetInts("kernel_shape") is [long h, long w] && h == x.Dims[2] && w == x.Dims[3]
            && All(node.GetInts("pads"), 0)
            ? ImportPool(node, true)
            : throw Refuse(node, "only an average over the whole map can be trained.");
    }

    private Activation ImportReduceMean(OnnxNode node)
    {
        long[] given = node.GetInts("axes") ?? Const(node, 1)?.Integers ?? [];
        long[] axes = [.. given.Select(a => a < 0 ? a + 4 : a).Order()];
        return axes is [2, 3]
            ? ImportPool(node, node.GetInt("keepdims", 1) != 0)
            : throw Refuse(node, "only a mean over height and width can be trained.");
    }

    private Activation ImportGemm(OnnxNode node)
    {
        Activation x = Act(node, 0);
        NetworkValue source = _activations[x.Id];
        long[] weight = [.. _model.FindWeight(Input(node, 1))?.Dims ?? []];
        bool plain = node.GetFloat("alpha", 1) == 1 && node.GetFloat("beta", 1) == 1
            && node.GetInt("transA", 0) == 0 && node.GetInt("transB", 0) == 1;
        if (!plain || x.Dims.Length != 2 || weight is not [> 0, var inputs] || inputs != source.Channels
            || node.Inputs.Count < 3)
        {
            throw Refuse(node, "only y = x W^T + b on pooled features can be trained.");
        }

        NetworkTensor w = AddTensor(node, node.Inputs[1], weight, TensorRole.Weight);
        NetworkTensor b = AddTensor(node, node.Inputs[2], [weight[0]], TensorRole.Bias);
        return Emit(source with { Channels = (int)weight[0] }, [x.Dims[0], weight[0]],
            y => new LinearOperation(x.Id, y, w, b));
    }

    private Activation ImportPad(OnnxNode node) =>
        All(node.GetInts("pads") ?? Const(node, 1)?.Integers, 0)
            ? Act(node, 0)
            : throw Refuse(node, "padding of its own can't be trained here.");

    /// <summary>Changes of rank that keep pooled features [N,C] in order.</summary>
    private Activation ImportReshape(OnnxNode node)
    {
        Activation x = Act(node, 0);
        if (_activations[x.Id].Level != NetworkValue.Pooled)
        {
            throw Refuse(node, "only pooled features can change their shape.");
        }

        (long n, long c) = (x.Dims[0], x.Dims[1]);
        long[] dims = node.OpType switch
        {
            "Flatten" when node.GetInt("axis", 1) == 1 => [n, c],
            "Squeeze" => [n, c],
            "Unsqueeze" => [.. x.Dims, .. Enumerable.Repeat(1L, UnsqueezeCount(node, x.Dims.Length))],
            "Reshape" when Const(node, 1)?.Integers is { } to && IsPooled(to, n, c) => [n, c, .. to.Skip(2)],
            _ => throw Refuse(node, "this change of shape is not known."),
        };
        return dims.Length is 2 or 3 or 4 ? x with { Dims = dims } : throw Refuse(node, "too many dimensions.");
    }

    private int UnsqueezeCount(OnnxNode node, int rank)
    {
        long[] axes = node.GetInts("axes") ?? Const(node, 1)?.Integers ?? [];
        long[] trailing = [.. axes.Select(a => a < 0 ? a + rank + axes.Length : a).Order()];
        return trailing.SequenceEqual(Enumerable.Range(rank, axes.Length).Select(i => (long)i))
            ? axes.Length
            : throw Refuse(node, "only dimensions at the end can be added.");
    }

    private static bool IsPooled(long[] to, long n, long c) =>
        to.Length >= 2 && (to[0] == n || to[0] is 0 or -1) && (to[1] == c || to[1] is 0 or -1)
        && to.Skip(2).All(d => d == 1);

    /// <summary>x^2, its sum over channels, and the root of that: the pieces of an L2 norm.</summary>
    private NormStep ImportNormStep(OnnxNode node)
    {
        switch (Find(node, 0))
        {
            case Activation x when _activations[x.Id].Level == NetworkValue.Pooled:
                bool squared = node.OpType == "Mul" && node.Inputs[0] == Input(node, 1);
                if (squared || (node.OpType == "Pow" && Const(node, 1)?.Values is [2]))
                {
                    return new NormStep(x.Id, NormStage.Squares);
                }

                if (node.OpType == "ReduceL2" && OverChannels(node))
                {
                    return new NormStep(x.Id, NormStage.Norm);
                }

                break;
            case NormStep { Stage: NormStage.Squares } s when node.OpType == "ReduceSum" && OverChannels(node):
                return s with { Stage = NormStage.SumOfSquares };
            case NormStep { Stage: NormStage.SumOfSquares } s
                when node.OpType == "Sqrt" || (node.OpType == "Pow" && Const(node, 1)?.Values is [0.5]):
                return s with { Stage = NormStage.Norm };
        }

        throw Refuse(node, $"{node.OpType} is known only as part of an L2 norm of pooled features.");
    }

    private bool OverChannels(OnnxNode node) =>
        (node.GetInts("axes") ?? Const(node, 1)?.Integers) is [1] && node.GetInt("keepdims", 1) == 1;

    private Activation ImportDiv(OnnxNode node)
    {
        Activation x = Act(node, 0);
        return Find(node, 1) is NormStep { Stage: NormStage.Norm } norm && norm.Of == x.Id
            ? Emit(node, (a, y) => new L2NormalizeOperation(a, y))
            : throw Refuse(node, "only a division by the features' own L2 norm can be trained.");
    }

    private static bool All(long[]? values, long wanted) => values is null || values.All(v => v == wanted);
}
