"""The folded normalisation equals the layer: outputs, gradients and running statistics."""

import copy

import pytest
import torch

from gta.blocks.residual import FOLDED, Projection, add_projected, normalise, zero_norm


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", [(2, 8, 9), (1, 1, 2)])
@pytest.mark.parametrize("inner", [6, FOLDED + 1])
def test_folded_normalisation_is_batch_norm(training, shape, inner):
    torch.manual_seed(0)
    out = torch.nn.Linear(inner, 10, bias=False).double()
    norm = zero_norm(10).double().train(training)
    for parameter in norm.parameters():
        torch.nn.init.normal_(parameter)
    torch.nn.init.normal_(norm.running_mean)
    layer_out, layer_norm = copy.deepcopy(out), copy.deepcopy(norm)
    x = torch.randn(*shape, 10, dtype=torch.float64, requires_grad=True)
    z = (3 + torch.randn(*shape, inner, dtype=torch.float64)).requires_grad_()
    gradient = torch.randn(*shape, 10, dtype=torch.float64)

    folded = add_projected(x, Projection(z, out, norm))
    layered = x + normalise(layer_norm, layer_out(z))
    torch.testing.assert_close(folded, layered)
    ours = torch.autograd.grad(folded, (x, z, out.weight, norm.weight, norm.bias), gradient)
    theirs = torch.autograd.grad(layered, (x, z, layer_out.weight, layer_norm.weight, layer_norm.bias), gradient)
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(norm.state_dict(), layer_norm.state_dict())


def test_a_fresh_normalisation_returns_the_residual():
    x = torch.randn(2, 8, 9, 10)
    y = add_projected(x, Projection(torch.randn(2, 8, 9, 6), torch.nn.Linear(6, 10, bias=False), zero_norm(10)))
    torch.testing.assert_close(y, x, rtol=0, atol=0)


@pytest.mark.parametrize(("inner", "training", "layers"), [(FOLDED, True, 0), (FOLDED + 1, True, 1), (512, False, 0)])
def test_the_layers_are_applied_where_the_covariance_costs_more(inner, training, layers):
    out, norm, applied = torch.nn.Linear(inner, 4, bias=False), zero_norm(4).train(training), []
    norm.register_forward_hook(lambda *_: applied.append(1))
    add_projected(torch.randn(1, 2, 3, 4), Projection(torch.randn(1, 2, 3, inner), out, norm))
    assert len(applied) == layers
