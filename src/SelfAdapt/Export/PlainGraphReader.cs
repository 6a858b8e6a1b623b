using System;
using System.Collections.Generic;
using System.Linq;
using SelfAdapt.Autodiff;
using SelfAdapt.Onnx;

namespace SelfAdapt.Export;

/// <summary>
/// Reads the plain graph out of a model that <see cref="NetworkImporter"/> accepted. That one has checked how each
/// operator is used, so here its kind tells what it is: whatever reads no activation computes a size.
/// </summary>
internal sealed class PlainGraphReader
{
    private readonly OnnxModel _model;
    private readonly Dictionary<string, int> _values = [];
    private readonly List<PlainNode> _nodes = [];
    private int _count;

    private PlainGraphReader(OnnxModel model) => _model = model;

    /// <summary>The plain graph.</summary>
    /// <param name="model">The model, with the weights that are wanted.</param>
    /// <param name="network">The same model as imported.</param>
    public static PlainGraph Read(OnnxModel model, Network network) => new PlainGraphReader(model).Run(network);

    private PlainGraph Run(Network network)
    {
        _values[network.InputName] = _count++;
        foreach (OnnxNode node in _model.Graph.Nodes)
        {
            if (node.Inputs.Any(_values.ContainsKey))
            {
                Read(node);
            }
        }

        int output = _values[network.OutputName];
        HashSet<int> needed = [output];
        List<PlainNode> kept = [];
        foreach (PlainNode node in Enumerable.Reverse(_nodes))
        {
            if (needed.Contains(node.Output))
            {
                needed.UnionWith(node.Inputs);
                kept.Add(node);
            }
        }

        kept.Reverse();
        return new PlainGraph(kept, output, network.InputChannels, network.Outputs.Channels);
    }

    private void Read(OnnxNode node)
    {
        switch (node.OpType)
        {
            case "Conv" or "Gemm":
                Add(node, new PlainConvolution(
                    node.Name, In(node, 0), _count, Weight(node, 1),
                    node.Inputs.Count > 2 && node.Inputs[2].Length > 0 ? Weight(node, 2) : null));
                break;
            case "BatchNormalization":
                Add(node, new PlainBatchNorm(
                    node.Name, In(node, 0), _count, Weight(node, 1), Weight(node, 2), Weight(node, 3),
                    Weight(node, 4), node.GetFloat("epsilon", 1e-5f)));
                break;
            case "Relu":
                Step(node, PlainKind.Relu);
                break;
            case "Add":
                Step(node, PlainKind.Add);
                break;
            case "MaxPool":
                Step(node, PlainKind.MaxPool);
                break;
            case "Resize" or "Upsample":
                Step(node, node.GetString("mode") == "linear" ? PlainKind.UpsampleLinear : PlainKind.UpsampleNearest);
                break;
            case "Concat":
                Step(node, PlainKind.Concat);
                break;
            case "GlobalAveragePool" or "AveragePool" or "ReduceMean":
                Step(node, PlainKind.GlobalAveragePool);
                break;
            case "Div":
                Step(node, PlainKind.L2Normalize);
                break;
            case "Shape" or "Pow" or "Mul" or "ReduceSum" or "Sqrt" or "ReduceL2":
                // Sizes, and the steps towards the norm that Div divides by.
                break;
            default:
                // What keeps the values as they are: Identity, Dropout, Pad by nothing, changes of rank.
                _values[node.Outputs[0]] = In(node, 0);
                break;
        }
    }

    private void Step(OnnxNode node, PlainKind kind)
    {
        int[] inputs = [.. node.Inputs.Where(_values.ContainsKey).Select(i => _values[i])];
        Add(node, new PlainStep(node.Name, kind, inputs, _count));
    }

    private void Add(OnnxNode node, PlainNode made)
    {
        _nodes.Add(made);
        _values[node.Outputs[0]] = _count++;
    }

    private int In(OnnxNode node, int input) => _values[node.Inputs[input]];

    private OnnxTensor Weight(OnnxNode node, int input) =>
        _model.FindWeight(node.Inputs[input])
        ?? throw new InvalidOperationException($"{node.Label}: weight {input} is not stored.");
}
